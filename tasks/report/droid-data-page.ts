import { z } from 'zod';
import { task } from '../core/task.ts';
import { htmlPage } from '../kinds/html-page.ts';
import { idleRanges } from '../kinds/idle-ranges.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';

/**
 * A look at DROID-shaped data: episodes, idle share, instructions, a few frames, and what the policy is trained on with its
 * normalisation. Give it the choices that the statistics were made with.
 */
export const droidDataPage = task({
  name: 'droid-data-page',
  inputs: {
    dataset: rldsDataset,
    ranges: idleRanges,
    stats: normStats,
    actionSpace: z.enum(['joint-position', 'joint-velocity']).default('joint-position'),
    actionHorizon: z.int().min(1).default(16),
    successOnly: z.boolean().default(true),
    /** Whether the statistics are of the steps in the ranges only. */
    idleFilter: z.boolean().default(true),
    skipBadRecords: z.boolean().default(false),
  },
  outputs: { page: htmlPage },
  resources: { cpus: 4 }, // threads that read
  run: async (
    { dataset, ranges, stats, actionSpace, actionHorizon, successOnly, idleFilter, skipBadRecords },
    out,
    attempt,
  ) => {
    const { writeFile } = await import('node:fs/promises');
    const { Problem } = await import('../../cache/problem.ts');
    const { readRanges } = await import('../formats/idle-ranges.ts');
    const { readNormStats } = await import('../formats/norm-stats.ts');
    const { dataPage } = await import('./droid-data/page.ts');
    const { surveyOf } = await import('./droid-data/survey.ts');
    const { state, actions } = await readNormStats(`${stats.path}/norm_stats.json`);
    if (!state || !actions) throw new Problem('wrong-stats', 'The statistics are not of "state" and "actions".');
    const allRanges = await readRanges(ranges.path);
    const survey = await surveyOf({
      folder: dataset.path,
      rule: { actionSpace, actionHorizon, successOnly, ranges: idleFilter ? allRanges : undefined },
      allRanges,
      stats: { state, actions },
      skipBadRecords,
      workers: attempt.cpus,
      onEpisode: (done) => {
        attempt.signal.throwIfAborted();
        attempt.report({ done, total: dataset.meta.episodes, unit: 'episodes' });
      },
    });
    const { name, version } = dataset.meta;
    const text = dataPage({ name, version, actionSpace, actionHorizon, survey, stats: { state, actions } });
    await writeFile(out.page, text);
    return { page: out.page };
  },
});
