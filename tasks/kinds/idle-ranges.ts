import { z } from 'zod';
import { artifact } from '../core/task.ts';

/** A JSON file of steps to train on, by episode, as openpi's `filter_dict_path` reads it. */
export const idleRanges = artifact('idle-ranges', {
  meta: z.object({
    episodes: z.int().min(0),
    /** Steps in all ranges. */
    steps: z.int().min(0),
  }),
  inspect: async (path) => {
    const { readRanges } = await import('../formats/idle-ranges.ts');
    const ranges = await readRanges(path);
    let steps = 0;
    for (const kept of ranges.values()) for (const [start, end] of kept) steps += Math.max(0, end - start);
    return { episodes: ranges.size, steps };
  },
});
