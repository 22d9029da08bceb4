import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileProblem } from '../../../cache/file-problem.ts';
import { acquireLock, lockOwner } from '../../../cache/lock.ts';
import { Problem } from '../../../cache/problem.ts';

/** Where a download keeps its own files. */
export interface StateFolder {
  /** Beginnings of files, from streams. */
  readonly partial: string;
  /** Files that programs copy. */
  readonly arriving: string;
  /** What was found whole; `VerifiedFiles` reads it. */
  readonly verified: string;
  readonly release: () => void;
}

/**
 * `.NAME.download` beside the folder, never in it: what lies in the folder is data, all of it. On the same disk, so that a
 * whole file gets its name by a rename. Throws `folder-busy` while another process downloads there.
 */
export function openState(folder: string): StateFolder {
  const parent = dirname(folder);
  const root = join(parent, `.${basename(folder)}.download`);
  try {
    mkdirSync(folder, { recursive: true });
    if (statSync(folder).dev !== statSync(parent).dev || folder === parent) throw rootOfDisk(folder);
    for (const inner of ['partial', 'arriving', 'locks']) mkdirSync(join(root, inner), { recursive: true });
  } catch (cause) {
    throw fileProblem(cause, root);
  }
  const locks = join(root, 'locks');
  const lock = acquireLock(locks, 'download', { owner: 'download' });
  if (!lock) {
    const owner = lockOwner(locks, 'download');
    throw new Problem('folder-busy', `Process ${owner?.pid} on ${owner?.host} is downloading into ${folder} already.`, {
      hint: 'Wait until it is done, or choose another folder.',
    });
  }
  return {
    partial: join(root, 'partial'),
    arriving: join(root, 'arriving'),
    verified: join(root, 'verified.jsonl'),
    release: () => lock.release(),
  };
}

function rootOfDisk(folder: string): Problem {
  return new Problem('root-of-disk', `${folder} is the root of a disk, so nothing can be kept beside it.`, {
    hint: `Give a folder in it, for example ${join(folder, 'data')}.`,
  });
}
