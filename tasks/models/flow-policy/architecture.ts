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

/** One weight in the flat vector of all weights. Vectors are [1, n], so everything is a matrix. */
export interface Slot {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
}

/** All weights in the order of the forward pass. `inputs` and `outputs`: numbers per sample. */
export function layoutOf({ hidden, inner, blocks }: Architecture, inputs: number, outputs: number): Slot[] {
  const shapes: [string, number, number][] = [
    ['input.weight', inputs, hidden],
    ['input.bias', 1, hidden],
  ];
  for (let i = 0; i < blocks; i += 1) {
    shapes.push([`blocks.${i}.widen.weight`, hidden, inner], [`blocks.${i}.widen.bias`, 1, inner]);
    shapes.push([`blocks.${i}.narrow.weight`, inner, hidden], [`blocks.${i}.narrow.bias`, 1, hidden]);
  }
  shapes.push(['output.weight', hidden, outputs], ['output.bias', 1, outputs]);
  let offset = 0;
  return shapes.map(([name, rows, columns]) => {
    const slot = { name, rows, columns, offset };
    offset += rows * columns;
    return slot;
  });
}

export function sizeOf(layout: readonly Slot[]): number {
  const last = layout.at(-1);
  return last === undefined ? 0 : last.offset + last.rows * last.columns;
}
