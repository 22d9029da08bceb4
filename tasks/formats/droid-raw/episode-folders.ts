import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, Problem } from '../../../cache/problem.ts';

export const trajectoryFile = 'trajectory.h5';

/**
 * Every folder below `root` that holds a `trajectory.h5`, relative to it, in the order of their paths.
 *
 * Links are followed, but not back into a folder that they lie in.
 */
export async function* episodeFolders(root: string): AsyncGenerator<string> {
  yield* visit('', []);

  async function* visit(at: string, above: readonly string[]): AsyncGenerator<string> {
    const folder = join(root, at);
    const real = await realpath(folder).catch((cause) => unreadable(folder, cause));
    if (above.includes(real)) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch((cause) => unreadable(folder, cause));
    if (entries.some((entry) => entry.name === trajectoryFile)) yield at === '' ? '.' : at;
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = at === '' ? entry.name : `${at}/${entry.name}`;
      const linked = entry.isSymbolicLink() ? await stat(join(root, child)).catch(() => undefined) : undefined; // dangling
      if ((linked ?? entry).isDirectory()) yield* visit(child, [...above, real]);
    }
  }
}

function unreadable(folder: string, cause: unknown): never {
  throw new Problem('folder-unreadable', `Cannot list ${folder}: ${messageOf(cause)}.`, { cause });
}
