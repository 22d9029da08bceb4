import { z } from 'zod';
import { artifact, readJson } from '../core/task.ts';

/** `summary.json` of a folder of rollouts. */
export const RolloutSummary = z.object({
  /** What was rolled out, in the words of the pipeline. */
  name: z.string().optional(),
  /** The env seed of the first episode; episode i has `seed + i`. */
  seed: z.int().min(0),
  /** Share of episodes that succeeded, in [0, 1]. */
  successRate: z.number().min(0).max(1),
  /** Mean over episodes of the highest reward in the episode, in [0, 1]. */
  meanMaxReward: z.number().min(0).max(1),
  episodes: z.array(
    z.object({
      seed: z.int().min(0),
      /** Env steps. */
      length: z.int().min(1),
      success: z.boolean(),
      maxReward: z.number().min(0).max(1),
    }),
  ),
});
export type RolloutSummary = z.output<typeof RolloutSummary>;

/** A folder with `summary.json` and, for the first few episodes, film strips `episodes/000.svg`, `episodes/001.svg`, … */
export const rolloutSummary = artifact('rollout-summary', {
  meta: RolloutSummary.omit({ episodes: true }).extend({ episodes: z.int().min(1) }),
  inspect: async (path) => {
    const { episodes, ...facts } = await readJson(`${path}/summary.json`, RolloutSummary);
    return { ...facts, episodes: episodes.length };
  },
});
