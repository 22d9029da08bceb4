import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { artifact } from '../core/task.ts';
import { parseEpisodeList } from '../formats/episode-list.ts';

/** A text file that names episodes of datasets, in the `datasets_file` format of Demo-SCORE. */
export const episodeList = artifact('episode-list', {
  meta: z.object({
    datasets: z.int().min(0),
    /** Episodes in all lines. */
    episodes: z.int().min(0),
  }),
  inspect: async (path) => {
    const choices = parseEpisodeList(await readFile(path, 'utf8'));
    return { datasets: choices.length, episodes: choices.reduce((sum, { episodes }) => sum + episodes.length, 0) };
  },
});
