import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { folder } from '../kinds/folder.ts';
import { zarrStore } from '../kinds/zarr-store.ts';

/** A folder of the user's. Its files count, not its place: equal files elsewhere give the same artifact. */
export const adoptFolder = task({
  name: 'adopt-folder',
  inputs: { path: z.string().min(1) },
  outputs: { folder },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: ({ path }) => digestOf(path),
  run: async ({ path }, out) => {
    await copyIn(path, out.folder);
    return { folder: out.folder };
  },
});

/** A zarr version 2 store of the user's, for example one's own PushT recordings. */
export const adoptZarr = task({
  name: 'adopt-zarr',
  inputs: { path: z.string().min(1) },
  outputs: { replay: zarrStore },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: ({ path }) => digestOf(path),
  run: async ({ path }, out) => {
    await copyIn(path, out.replay);
    return { replay: out.replay };
  },
});

async function digestOf(path: string): Promise<string> {
  refuseMissing(path);
  const { scanTree, treeDigest } = await import('../../cache/tree.ts');
  return treeDigest(await scanTree(path));
}

async function copyIn(path: string, to: string): Promise<void> {
  refuseMissing(path);
  await cp(path, to, { recursive: true, verbatimSymlinks: true });
}

function refuseMissing(path: string): void {
  if (existsSync(path)) return;
  throw new Problem('path-missing', `There is nothing at "${path}" (${resolve(path)}).`, {
    hint: 'Give the path of a folder; an absolute path works from everywhere.',
  });
}
