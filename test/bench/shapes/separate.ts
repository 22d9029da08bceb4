import { z } from 'zod';
import { pipeline, range } from '../../../pipelines/core/pipeline.ts';
import { step } from './step.ts';

/** No node needs another. */
export default pipeline('separate', { n: z.int().positive() }, ({ n }) => ({
  files: range(n).map((i) => step({ n: i }).file),
}));
