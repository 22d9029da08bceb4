import { mkdir, writeFile } from 'node:fs/promises';
import { type FeatureStats, writeNormStats } from '../formats/norm-stats.ts';

interface DatasetStatistics {
  readonly state: FeatureStats;
  readonly actions: FeatureStats;
  readonly frames: number;
  readonly batches: number;
  readonly method: string;
}

/** `norm_stats.json`, and `method.json` that says how it was made. */
export async function writeStats(
  folder: string,
  { state, actions, frames, batches, method }: DatasetStatistics,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeNormStats(`${folder}/norm_stats.json`, { state, actions });
  await writeFile(`${folder}/method.json`, `${JSON.stringify({ method, frames, batches }, undefined, 2)}\n`);
}
