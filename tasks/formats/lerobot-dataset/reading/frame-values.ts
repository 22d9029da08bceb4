import { Problem } from '../../../../cache/problem.ts';
import type { Column, Feature } from '../schema/dataset.ts';
import { emptyColumn, isImage, isString, widthOf } from '../schema/features.ts';

/** The values of one feature over an episode, filled frame by frame. */
export type FrameValues = Column | string[] | Uint8Array[];

export function emptyValues(feature: Feature, length: number): FrameValues {
  if (isImage(feature)) return new Array<Uint8Array>(length);
  if (isString(feature)) return new Array<string>(length * widthOf(feature));
  return emptyColumn(feature, length);
}

/** Puts the value of one frame among those of the episode. `column`: the file and the feature, for messages. */
export function setFrame(
  values: FrameValues,
  frame: number,
  value: unknown,
  { feature, column }: { feature: Feature; column: string },
): void {
  if (isImage(feature)) {
    (values as Uint8Array[])[frame] = imageBytes(value, column);
    return;
  }
  const width = widthOf(feature);
  const flat = Array.isArray(value) ? (value.flat(Infinity) as unknown[]) : [value];
  if (flat.length !== width) {
    throw new Problem('shape-differs', `${column} has ${flat.length} values in a frame, meta says ${width}.`);
  }
  for (let i = 0; i < width; i += 1) setValue(values, frame * width + i, flat[i], { feature, column });
}

function setValue(
  values: FrameValues,
  position: number,
  value: unknown,
  { feature, column }: { feature: Feature; column: string },
): void {
  if (isString(feature) ? typeof value === 'string' : isNumber(value)) {
    if (isString(feature)) (values as string[])[position] = value as string;
    else if (values instanceof BigInt64Array) values[position] = BigInt(value as number | bigint | boolean);
    else (values as Float32Array)[position] = Number(value);
    return;
  }
  throw new Problem('value-missing', `${column} has ${String(value)} where a ${feature.dtype} belongs.`);
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

/** An image is stored with its file name; only its bytes count. */
function imageBytes(value: unknown, column: string): Uint8Array {
  if (typeof value === 'object' && value !== null && 'bytes' in value && value.bytes instanceof Uint8Array) {
    return value.bytes;
  }
  throw new Problem('value-missing', `${column} has a frame without the bytes of an image.`);
}
