import { Problem } from '../../../cache/problem.ts';
import { type Slot, sizeOf } from './layout.ts';
import type { NamedTensor, TensorFile } from './safetensors.ts';

/** The slots of a flat vector, as tensors. Biases are vectors. */
export function named(layout: readonly Slot[], flat: Float32Array, prefix = ''): Record<string, NamedTensor> {
  return Object.fromEntries(
    layout.map(({ name, rows, columns, offset }) => {
      const shape = name.endsWith('.bias') ? [columns] : [rows, columns];
      return [`${prefix}${name}`, { shape, values: flat.subarray(offset, offset + rows * columns) }];
    }),
  );
}

/** The inverse of `named`. Refuses a file whose tensors are others than those of the layout. */
export function flattened(layout: readonly Slot[], { tensors }: TensorFile, source: string, prefix = ''): Float32Array {
  const flat = new Float32Array(sizeOf(layout));
  const wrong = layout.filter(
    ({ name, rows, columns }) => tensors[`${prefix}${name}`]?.values.length !== rows * columns,
  );
  if (wrong.length > 0) {
    const names = wrong.map(({ name, rows, columns }) => `${prefix}${name} [${rows}, ${columns}]`).join(', ');
    throw new Problem(
      'weights-differ',
      `${source} lacks what config.json calls for, or has it in another size: ${names}.`,
    );
  }
  for (const { name, offset } of layout) flat.set((tensors[`${prefix}${name}`] as NamedTensor).values, offset);
  return flat;
}
