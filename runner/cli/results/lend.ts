import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLock } from '../../../cache/lock.ts';
import type { Store } from '../../../cache/store.ts';

/** A place in the store for files that are handed out. */
export interface LentPlace {
  readonly path: string;
  /** Removes what lies there. */
  release(): Promise<void>;
}

/** `cache collect` leaves the place alone for as long as this process lives, be it weeks. */
export function lend(store: Store, purpose: string): LentPlace {
  const name = `${purpose}-${randomBytes(6).toString('hex')}`;
  const path = join(store.root, 'tmp', name);
  const lock = acquireLock(join(store.root, 'locks'), name, { owner: purpose });
  return {
    path,
    release: async () => {
      await rm(path, { recursive: true, force: true });
      lock?.release();
    },
  };
}
