import { z } from 'zod';

/** Sizes of the network. All are part of the checkpoint. */
export const Architecture = z.object({
  /** Newest observations that the policy sees. */
  obsSteps: z.int().min(1).max(8),
  /** Actions in a predicted chunk. */
  horizon: z.int().min(1),
  /** Actions of a chunk that are carried out before the next is asked for. */
  actionSteps: z.int().min(1),
  /** Width of the residual stream. */
  hidden: z.int().min(4),
  /** Width inside a block. */
  inner: z.int().min(4),
  blocks: z.int().min(1),
  /** Numbers that tell the flow time: sines and cosines, half each. */
  timeFeatures: z.int().min(2),
});
export type Architecture = z.output<typeof Architecture>;
