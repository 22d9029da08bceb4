import { z } from 'zod';
import { task } from '../core/task.ts';
import { ffmpegNeeds } from '../formats/video/needs.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { datasetVersion } from './image-storage.ts';

/**
 * One dataset of many, one after another in the order given: episodes get new numbers, tasks one table. Videos are taken
 * over as they are: copied for v2.1, joined without encoding again for v3.0.
 *
 * All must have the same rate, robot and features.
 */
export const assembleDataset = task({
  name: 'assemble-dataset',
  inputs: {
    parts: z.array(lerobotDataset),
    version: datasetVersion.default('v2.1'),
  },
  outputs: { dataset: lerobotDataset },
  needs: ffmpegNeeds(),
  run: async ({ parts, version }, out, attempt) => {
    const { assembleParts } = await import('./assemble-parts.ts');
    const total = parts.length;
    await assembleParts(out.dataset, { parts: parts.map(({ path }) => path), version }, (done) =>
      attempt.report({ done, total, unit: 'episodes' }),
    );
    return { dataset: out.dataset };
  },
});
