import { z } from 'zod';
import { artifact, readJson } from '../core/task.ts';

const Numbers = z.array(z.number());

/** `norm_stats.json` in openpi's shape. `min` and `max` are ours; upstream's readers ignore them. */
export const NormStatsFile = z.object({
  norm_stats: z.record(
    z.string(),
    z.object({
      mean: Numbers,
      std: Numbers,
      q01: Numbers.nullish(),
      q99: Numbers.nullish(),
      min: Numbers.optional(),
      max: Numbers.optional(),
    }),
  ),
});

/** A folder with `norm_stats.json`, or that file itself. */
export const normStats = artifact('norm-stats', {
  meta: z.object({ features: z.array(z.string()) }),
  inspect: async (path) => {
    const file = path.endsWith('.json') ? path : `${path}/norm_stats.json`;
    return { features: Object.keys((await readJson(file, NormStatsFile)).norm_stats).sort() };
  },
});
