import { z } from 'zod';
import { task } from '../core/task.ts';
import { episodeList } from '../kinds/episode-list.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';

/**
 * A new dataset of the listed episodes, in the order of the list and numbered from 0.
 *
 * `datasets` gives the names that the list uses. Only features that all used datasets have, with the same type and shape,
 * are kept. Videos are copied or cut without coding them again; ffprobe looks at one of each camera, and ffmpeg is needed where a
 * dataset has no statistics of its cameras. The version is that of the first dataset.
 */
export const selectEpisodes = task({
  name: 'select-episodes',
  inputs: {
    datasets: z.array(z.object({ name: z.string().min(1), dataset: lerobotDataset })).min(1),
    list: episodeList,
  },
  outputs: { dataset: lerobotDataset },
  run: async ({ datasets, list }, out, attempt) => {
    const { readFile } = await import('node:fs/promises');
    const { parseEpisodeList } = await import('../formats/episode-list.ts');
    const { chooseEpisodes } = await import('./choose-episodes.ts');
    const { writeDataset } = await import('../formats/lerobot-dataset/write.ts');
    const choices = parseEpisodeList(await readFile(list.path, 'utf8'));
    const folders = datasets.map(({ name, dataset }) => ({ name, path: dataset.path }));
    const { options, episodes } = await chooseEpisodes(folders, choices, (done) =>
      attempt.report({ done, total: list.meta.episodes, unit: 'episodes' }),
    );
    await writeDataset(out.dataset, options, episodes);
    return { dataset: out.dataset };
  },
});
