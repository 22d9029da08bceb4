import { z } from 'zod';

/** An episode that is left out, and why. */
export const leftOut = z.object({
  /** Its folder, relative to the data folder, or its record and shard. */
  episode: z.string(),
  reason: z.string(),
  /** The code of the `Problem` behind it. */
  code: z.string(),
});
export type LeftOut = z.output<typeof leftOut>;
