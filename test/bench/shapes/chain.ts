import { z } from 'zod';
import { pipeline } from '../../../pipelines/core/pipeline.ts';
import { step } from './step.ts';

/** Each node needs the one before it. */
export default pipeline('chain', { n: z.int().positive() }, ({ n }) => {
  let { file } = step({ n: 0 });
  for (let i = 1; i < n; i += 1) ({ file } = step({ n: i, after: [file] }));
  return { last: file };
});
