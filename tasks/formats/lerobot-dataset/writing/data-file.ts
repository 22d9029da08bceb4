import { createParquet, type ParquetFile } from '../../parquet/write.ts';
import type { Column, Episode, Feature } from '../schema/dataset.ts';
import { columnFeatures, columnType, huggingfaceMetadata, isImage, isInteger, isString } from '../schema/features.ts';

/** Starts a Parquet file of frames; `episodeColumns` makes what it takes. */
export function createDataFile(path: string, allFeatures: Readonly<Record<string, Feature>>): ParquetFile {
  const features = columnFeatures(allFeatures);
  const columns = Object.entries(features).map(([name, feature]) => ({ name, type: columnType(feature) }));
  return createParquet(path, columns, { huggingface: huggingfaceMetadata(features) });
}

/** The columns of an episode as values of a Parquet file. `imageName`: the file name that goes with an image. */
export function episodeColumns(
  episode: Episode,
  features: Readonly<Record<string, Feature>>,
  imageName: (frame: number) => string,
): Record<string, ArrayLike<unknown>> {
  const values = Object.entries(columnFeatures(features)).map(([name, feature]) => {
    if (isImage(feature)) {
      return [name, episode.images?.[name]?.frames.map((bytes, frame) => ({ bytes, path: imageName(frame) }))];
    }
    if (isString(feature)) return [name, nested(episode.strings?.[name] ?? [], feature.shape)];
    return [name, nested(storedValues(episode.columns[name] as Column, feature), feature.shape)];
  });
  return Object.fromEntries(values) as Record<string, ArrayLike<unknown>>;
}

function storedValues(column: Column, feature: Feature): ArrayLike<unknown> {
  if (feature.dtype === 'bool') return Array.from(column as Uint8Array, (value) => value !== 0);
  // Parquet holds the small integers in 32 bits, which the library takes as numbers.
  if (isInteger(feature) && feature.dtype !== 'int64') return Array.from(column, Number);
  return column;
}

/** A flat row-major array as nested plain arrays, outermost first; shape [1] stays flat. */
export function nested(flat: ArrayLike<unknown>, shape: readonly number[]): ArrayLike<unknown> {
  if (shape.length === 1 && shape[0] === 1) return flat;
  return shape.toReversed().reduce<ArrayLike<unknown>>((values, size) => chunks(values, size), flat);
}

function chunks(values: ArrayLike<unknown>, size: number): unknown[] {
  return Array.from({ length: values.length / size }, (_, i) =>
    Array.prototype.slice.call(values, i * size, (i + 1) * size),
  );
}
