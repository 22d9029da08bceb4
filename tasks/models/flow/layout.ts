/** Sizes of the residual network between its first and last layer. */
export interface NetworkSizes {
  /** Width of the residual stream. */
  readonly hidden: number;
  /** Width inside a block. */
  readonly inner: number;
  readonly blocks: number;
}

/** One weight in the flat vector of all weights. Vectors are [1, n], so everything is a matrix. */
export interface Slot {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly offset: number;
}

/** All weights in the order of the forward pass. `inputs` and `outputs`: numbers per sample. */
export function layoutOf({ hidden, inner, blocks }: NetworkSizes, inputs: number, outputs: number): Slot[] {
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
