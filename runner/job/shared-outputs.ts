import { createHash } from 'node:crypto';
import { constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syncNow, syncTree } from '../../cache/durable.ts';
import { ownPath } from '../../cache/store-border.ts';

/*
 * The work folder of a fingerprint, for tasks that resume:
 *
 *     out            what its attempts share            turn.T.C   copy C of the attempt of epoch T has begun
 *     out.1, out.2   its place after a host was lost    user.T.C   … and may still write
 *     left.N         `out.N`, out of reach of a copy that may still run on a lost host
 *
 * `executors/slurm/script/job-text.ts` does the same in shell, on the node.
 */

/** The folder that the newest attempt writes to, or the next would go on in. */
export function newestOut(work: string): string {
  const numbers = namesIn(work).flatMap((name) => Number(/^out\.(\d+)$/.exec(name)?.[1] ?? []));
  const newest = Math.max(0, ...numbers);
  return ownPath(work, newest === 0 ? 'out' : `out.${newest}`);
}

export function hasState(folder: string): boolean {
  return namesIn(folder).length > 0;
}

/** The number of the next attempt: an older one that wakes up late must not begin. */
export function nextEpoch(work: string): number {
  const epochs = namesIn(work).map((name) => Number(/^(?:turn|asked)\.(\d+)/.exec(name)?.[1] ?? 0));
  const epoch = Math.max(0, ...epochs) + 1;
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, `asked.${epoch}`), '');
  syncNow(work); // a number that was given out and forgotten would let two attempts write at once
  return epoch;
}

/** Tells the node of the next attempt that a former one, which nobody here can see, may still write. */
export function noteUnseenUser(work: string): void {
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'user.0.unseen'), '');
}

/**
 * The folder for an attempt on this machine. What a lost host, or a driver that nobody here can see, may still write to is left to
 * it, and a copy of that gone on with: renamed first, so that the copy cannot be written to by its path.
 */
export async function takeOver(work: string): Promise<string> {
  const users = namesIn(work).filter((name) => name.startsWith('user.'));
  const out = newestOut(work);
  if (users.length === 0) return out;
  const number = Number(/\.(\d+)$/.exec(out)?.[1] ?? 0);
  const [left, next] = [join(work, `left.${number}`), join(work, `out.${number + 1}`)];
  if (existsSync(out) && !existsSync(left)) renameSync(out, left);
  if (existsSync(left)) {
    rmSync(join(work, 'part'), { recursive: true, force: true });
    await cp(left, join(work, 'part'), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await syncTree(join(work, 'part'));
    renameSync(join(work, 'part'), next);
    syncNow(work); // before the only other copy of hours of work goes away
    rmSync(left, { recursive: true, force: true });
  }
  for (const name of users) rmSync(join(work, name), { force: true });
  return newestOut(work);
}

/** Names, sizes and times of what lies in a folder: another after anything was written. */
export async function signatureOf(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch(() => []); // never made
  const lines = names.sort().map((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    return `${name} ${stats?.size} ${stats?.mtimeMs}`;
  });
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** The same of a folder with nothing in it. */
export const noProgress = createHash('sha256').update('').digest('hex');

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not made yet
  }
}
