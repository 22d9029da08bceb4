import { program } from '../core/needs.ts';
import { task } from '../core/task.ts';
import { htmlPage } from '../kinds/html-page.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { normStats } from '../kinds/norm-stats.ts';

/**
 * A look at a LeRobot dataset: episodes, tasks, a few frames, and how the values of each feature lie, with lines at q01 and q99
 * for the features that `stats` has.
 */
export const lerobotDataPage = task({
  name: 'lerobot-data-page',
  inputs: { dataset: lerobotDataset, stats: normStats.optional() },
  outputs: { page: htmlPage },
  needs: ({ dataset }) => {
    const features = Object.values(dataset?.meta.features ?? {});
    if (!features.some(({ dtype }) => dtype === 'video')) return [];
    return [program('ffmpeg', 'Debian and Ubuntu: apt-get install -y ffmpeg. macOS: brew install ffmpeg.')];
  },
  run: async ({ dataset, stats }, out, attempt) => {
    const { writeFile } = await import('node:fs/promises');
    const { readNormStats } = await import('../formats/norm-stats.ts');
    const { lerobotPage } = await import('./lerobot-data/page.ts');
    const { surveyOf } = await import('./lerobot-data/survey.ts');
    const { codebase_version: version, fps, total_episodes } = dataset.meta;
    const survey = await surveyOf(dataset.path, (done) => {
      attempt.signal.throwIfAborted();
      attempt.report({ done, total: 2 * total_episodes, unit: 'episodes' }); // two passes
    });
    const normStats = stats ? await readNormStats(`${stats.path}/norm_stats.json`) : {};
    await writeFile(out.page, lerobotPage({ version, fps, survey, stats: normStats }));
    return { page: out.page };
  },
});
