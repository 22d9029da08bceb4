import { Problem } from '../../../cache/problem.ts';
import type { ColumnType, Primitive } from '../parquet/column-type.ts';
import type { Column, Feature } from './dataset.ts';

/** Columns that every dataset has, in upstream's order. A writer computes them; nobody declares them. */
export const automaticFeatures: Readonly<Record<string, Feature>> = {
  timestamp: { dtype: 'float32', shape: [1], names: null },
  frame_index: { dtype: 'int64', shape: [1], names: null },
  episode_index: { dtype: 'int64', shape: [1], names: null },
  index: { dtype: 'int64', shape: [1], names: null },
  task_index: { dtype: 'int64', shape: [1], names: null },
};

export function isAutomatic(name: string): boolean {
  return Object.hasOwn(automaticFeatures, name);
}

const numericTypes: ReadonlySet<string> = new Set<Primitive>([
  'float32',
  'float64',
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
]);

/** Whether the feature is numbers in a Parquet column; the others are images, videos and strings. */
export function isNumeric({ dtype }: Feature): boolean {
  return numericTypes.has(dtype);
}

export function isInteger({ dtype }: Feature): boolean {
  return /^u?int\d+$/.test(dtype);
}

/** Numbers per frame. */
export function widthOf({ shape }: Feature): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array of zeros for `length` frames of a feature. */
export function emptyColumn(feature: Feature, length: number): Column {
  const size = length * widthOf(feature);
  if (feature.dtype === 'float32') return new Float32Array(size);
  if (feature.dtype === 'float64') return new Float64Array(size);
  if (feature.dtype === 'bool') return new Uint8Array(size);
  return new BigInt64Array(size);
}

/** Refuses what cannot be written yet, all at once: images, videos, strings and rare number types. */
export function refuseNotNumeric(features: Readonly<Record<string, Feature>>, what: string): void {
  const wrong = Object.entries(features).filter(([, feature]) => !isNumeric(feature));
  if (wrong.length === 0) return;
  const list = wrong.map(([name, { dtype }]) => `"${name}" (${dtype})`).join(', ');
  throw new Problem('feature-not-supported', `${what} is not supported yet for these features: ${list}.`, {
    hint: 'Leave them out; numeric and boolean features work.',
  });
}

/**
 * How a feature is stored: a scalar for shape [1], lists of fixed length for [n], and plain nested lists for more
 * dimensions, which is how HF datasets store their array types.
 */
export function columnType(feature: Feature): ColumnType {
  const of: ColumnType = { of: feature.dtype as Primitive };
  const [length = 1, ...inner] = feature.shape;
  if (inner.length > 0) return feature.shape.reduce<ColumnType>((type) => ({ listOf: type }), of);
  return length === 1 ? of : { listOf: of, length };
}

/** The `huggingface` metadata of a data file, without which v2.1 readers guess the types. */
export function huggingfaceMetadata(features: Readonly<Record<string, Feature>>): string {
  const described = Object.entries(features).map(([name, feature]) => [name, huggingfaceType(feature)]);
  return JSON.stringify({ info: { features: Object.fromEntries(described) } });
}

function huggingfaceType({ dtype, shape }: Feature): object {
  const value = { dtype, _type: 'Value' };
  if (shape.length > 1) return { shape, dtype, _type: `Array${shape.length}D` };
  return (shape[0] ?? 1) === 1 ? value : { feature: value, length: shape[0], _type: 'Sequence' };
}
