import { join } from 'node:path';
import type { Digest } from '../../cache/digest.ts';
import { acquireLock, type Lock, lockOwner } from '../../cache/lock.ts';

/** The fingerprints that one run works on, so that no other run does. */
export class Leases {
  readonly #folder: string;
  readonly #owner: string;
  readonly #locks = new Map<Digest, Lock>();

  constructor(storeRoot: string, run: string) {
    this.#folder = join(storeRoot, 'locks');
    this.#owner = `run ${run}`;
  }

  has(fingerprint: Digest): boolean {
    return this.#locks.has(fingerprint);
  }

  /** False when another run has it. */
  take(fingerprint: Digest): boolean {
    if (this.#locks.has(fingerprint)) return true;
    const lock = acquireLock(this.#folder, fingerprint, { owner: this.#owner });
    if (lock) this.#locks.set(fingerprint, lock);
    return lock !== undefined;
  }

  /** Who has it, in words. */
  ownerOf(fingerprint: Digest): string {
    const owner = lockOwner(this.#folder, fingerprint);
    return owner ? `${owner.owner} (process ${owner.pid} on ${owner.host})` : 'another run';
  }

  release(fingerprint: Digest): void {
    this.#locks.get(fingerprint)?.release();
    this.#locks.delete(fingerprint);
  }

  releaseAll(): void {
    for (const fingerprint of [...this.#locks.keys()]) this.release(fingerprint);
  }
}
