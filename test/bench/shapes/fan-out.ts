import { z } from 'zod';
import { pipeline, range } from '../../../pipelines/core/pipeline.ts';
import { step } from './step.ts';

/** All nodes need the first, and nothing else. */
export default pipeline('fan-out', { n: z.int().positive() }, ({ n }) => {
  const first = step({ n: 0 }).file;
  return { leaves: range(n - 1).map((i) => step({ n: i + 1, after: [first] }).file) };
});
