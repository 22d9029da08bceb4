import { z } from 'zod';
import { pipeline, range } from '../../../pipelines/core/pipeline.ts';
import { gather, step } from './step.ts';

/** Three nodes in a row for each point, over shared data, and one node that needs the last of every row. */
export default pipeline('sweep', { n: z.int().positive() }, ({ n }) => {
  const shared = step({ n: 0 }).file;
  const lasts = range(Math.floor((n - 2) / 3)).map((point) => {
    const trained = step({ n: 3 * point + 1, after: [shared] }).file;
    const rolledOut = step({ n: 3 * point + 2, after: [trained] }).file;
    return step({ n: 3 * point + 3, after: [trained, rolledOut] }).file;
  });
  return { table: gather({ files: lasts }).file };
});
