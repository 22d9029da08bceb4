import { z } from 'zod';
import { task } from '../core/task.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { normStats } from '../kinds/norm-stats.ts';

/**
 * Mean, standard deviation, 1 % and 99 % quantile, minimum and maximum of features over all frames of a dataset, per
 * dimension, in openpi's file shape.
 *
 * Two passes in float64; the standard deviation is the population one. Quantiles are exact (linear between neighbours),
 * where openpi estimates them from a histogram that depends on the order of the data.
 */
export const datasetStats = task({
  name: 'dataset-stats',
  inputs: {
    dataset: lerobotDataset,
    keys: z.array(z.string()).min(1).default(['observation.state', 'observation.environment_state', 'action']),
  },
  outputs: { stats: normStats },
  run: async ({ dataset, keys }, out, attempt) => {
    const { mkdir, writeFile } = await import('node:fs/promises');
    const { featureStats } = await import('./feature-stats.ts');
    const norm_stats = await featureStats(dataset.path, keys, (done) =>
      attempt.report({ done, total: dataset.meta.total_episodes, unit: 'episodes' }),
    );
    await mkdir(out.stats, { recursive: true });
    await writeFile(`${out.stats}/norm_stats.json`, `${JSON.stringify({ norm_stats }, undefined, 2)}\n`);
    return { stats: out.stats };
  },
});
