import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { folderInPlace } from '../kinds/folder.ts';
import { lerobotDatasetInPlace } from '../kinds/lerobot-dataset.ts';

/**
 * A LeRobotDataset of the user's, which stays where it lies.
 *
 * Whether it changed is told by sizes and times when planning, by content when those moved; equal content elsewhere gives
 * the same artifact.
 */
export const adoptDataset = task({
  name: 'adopt-dataset',
  inputs: { path: z.string().min(1) },
  outputs: { dataset: lerobotDatasetInPlace },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: ({ path }) => statsOf(path),
  run: async ({ path }) => ({ dataset: resolve(path) }),
});

/** A folder of the user's, for example of raw episodes, which stays where it lies; told apart as `adoptDataset` does. */
export const adoptInPlace = task({
  name: 'adopt-in-place',
  inputs: { path: z.string().min(1) },
  outputs: { folder: folderInPlace },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: ({ path }) => statsOf(path),
  run: async ({ path }) => ({ folder: resolve(path) }),
});

async function statsOf(path: string): Promise<string> {
  const folder = resolve(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Problem('path-missing', `There is no folder at "${path}" (${folder}).`, {
      hint: 'Give the path of a folder; an absolute path works from everywhere.',
    });
  }
  const { statsDigest } = await import('../../cache/stats-digest.ts');
  return statsDigest(folder);
}
