import { Problem } from '../../../../cache/problem.ts';
import type { ColumnType, Primitive } from '../../parquet/column-type.ts';
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

/** Whether the feature is numbers or booleans in a Parquet column. */
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

/** Features that are not numbers: kept under `strings`, `images` and `videos` of an episode. */
export function isString({ dtype }: Feature): boolean {
  return dtype === 'string';
}

export function isImage({ dtype }: Feature): boolean {
  return dtype === 'image';
}

export function isVideo({ dtype }: Feature): boolean {
  return dtype === 'video';
}

/** Whether the feature is the frames of a camera. */
export function isVisual(feature: Feature): boolean {
  return isImage(feature) || isVideo(feature);
}

/** Features that are columns of the data files: all but videos. */
export function columnFeatures(features: Readonly<Record<string, Feature>>): Record<string, Feature> {
  return Object.fromEntries(Object.entries(features).filter(([, feature]) => !isVideo(feature)));
}

export function videoFeatures(features: Readonly<Record<string, Feature>>): string[] {
  return Object.keys(features).filter((name) => isVideo(features[name] as Feature));
}

/** Numbers of a feature's statistics, as an array of this shape: one a channel of a camera. Strings have none. */
export function statsShape(feature: Feature): readonly number[] | undefined {
  if (isVisual(feature)) return [3, 1, 1];
  return isNumeric(feature) ? feature.shape : undefined;
}

/** Refuses, all at once, features of a type that is not known here. */
export function refuseUnknownTypes(features: Readonly<Record<string, Feature>>, what: string): void {
  const wrong = Object.entries(features).filter(
    ([, feature]) => !isNumeric(feature) && !isVisual(feature) && !isString(feature),
  );
  if (wrong.length === 0) return;
  const list = wrong.map(([name, { dtype }]) => `"${name}" (${dtype})`).join(', ');
  throw new Problem('feature-not-supported', `${what} is not supported for these features: ${list}.`, {
    hint: 'Leave them out; numbers, booleans, strings, images and videos work.',
  });
}

/**
 * How a feature other than a video is stored: an image with its file name, a scalar for shape [1], lists of fixed length for [n], and plain nested lists for more
 * dimensions, which is how HF datasets store their array types.
 */
export function columnType(feature: Feature): ColumnType {
  if (isImage(feature)) return { fields: { bytes: { of: 'binary' }, path: { of: 'string' } } };
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

function huggingfaceType(feature: Feature): object {
  const { dtype, shape } = feature;
  if (isImage(feature)) return { _type: 'Image' };
  const value = { dtype, _type: 'Value' };
  if (shape.length > 1) return { shape, dtype, _type: `Array${shape.length}D` };
  return (shape[0] ?? 1) === 1 ? value : { feature: value, length: shape[0], _type: 'Sequence' };
}
