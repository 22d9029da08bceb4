import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { folder } from '../kinds/folder.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';

/**
 * A TFDS folder of the user's, which stays where it lies. `path` is the folder with `dataset_info.json` or one above it,
 * such as openpi's `rlds_data_dir`, when there is one dataset in it.
 *
 * Whether it changed is told by sizes and times when planning, by content when those moved; equal content elsewhere gives
 * the same artifact.
 */
export const adoptRlds = task({
  name: 'adopt-rlds',
  inputs: {
    path: z.string().min(1),
    /** The release of DROID that it must be. */
    release: z.enum(['1.0.0', '1.0.1']).optional(),
  },
  outputs: { dataset: rldsDataset },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: async ({ path }) => {
    const { tfdsFolder } = await import('../formats/rlds/tfds-folder.ts');
    const { statsDigest } = await import('../../cache/stats-digest.ts');
    return statsDigest(tfdsFolder(path));
  },
  run: async ({ path, release }) => {
    const { tfdsFolder } = await import('../formats/rlds/tfds-folder.ts');
    const { readDatasetInfo } = await import('../formats/rlds/dataset-info.ts');
    const folder = tfdsFolder(path);
    if (release !== undefined) {
      const { refuseOtherRelease } = await import('../formats/rlds/droid.ts');
      refuseOtherRelease(await readDatasetInfo(folder), release, 'This is for');
    }
    return { dataset: folder };
  },
});

/** A list of ranges of the user's, or one that was downloaded, for example the one that openpi released for DROID 1.0.1. */
export const adoptIdleRanges = task({
  name: 'adopt-idle-ranges',
  inputs: {
    /** A file of the user's, or a folder with that one file in it. */
    path: z.union([z.string().min(1), folder]),
    dataset: rldsDataset,
    /** The release that the list was made from; the dataset must be of it. */
    release: z.enum(['1.0.0', '1.0.1']).optional(),
  },
  outputs: { ranges: idleRanges },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: async ({ path }) => {
    if (typeof path !== 'string') return null; // its content counts already
    const { scanTree, treeDigest } = await import('../../cache/tree.ts');
    return treeDigest(await scanTree(path));
  },
  run: async ({ path, dataset, release }, out) => {
    const { copyFile } = await import('node:fs/promises');
    if (release !== undefined) {
      const { refuseOtherRelease } = await import('../formats/rlds/droid.ts');
      refuseOtherRelease(dataset.meta, release, 'These ranges are valid only for');
    }
    await copyFile(typeof path === 'string' ? path : await onlyFileIn(path.path), out.ranges);
    return { ranges: out.ranges };
  },
});

async function onlyFileIn(folder: string): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const [name, ...others] = (await readdir(folder)).sort();
  if (name !== undefined && others.length === 0) return join(folder, name);
  throw new Problem('not-one-file', `One file of ranges is wanted; there are ${others.length + (name ? 1 : 0)}.`);
}
