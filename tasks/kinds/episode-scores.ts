import { z } from 'zod';
import { artifact, readJson } from '../core/task.ts';

const Episode = z.object({
  index: z.int().min(0),
  success: z.boolean(),
  /** Mean predicted probability of success over the episode's steps, in [0, 1]. */
  score: z.number().min(0).max(1),
  kept: z.boolean(),
});

/** A JSON file with the score and the fate of every episode that a filter looked at. */
export const EpisodeScores = z.object({
  /** An episode is kept when it is a success and its score is above this threshold. */
  threshold: z.number(),
  sources: z.array(
    z.object({ name: z.string(), role: z.enum(['demonstrations', 'rollouts']), episodes: z.array(Episode) }),
  ),
});
export type EpisodeScores = z.output<typeof EpisodeScores>;

export const episodeScores = artifact('episode-scores', {
  meta: z.object({ threshold: z.number(), kept: z.int().min(0), dropped: z.int().min(0) }),
  inspect: async (path) => {
    const { threshold, sources } = await readJson(path, EpisodeScores);
    const episodes = sources.flatMap((source) => source.episodes);
    const kept = episodes.filter((episode) => episode.kept).length;
    return { threshold, kept, dropped: episodes.length - kept };
  },
});
