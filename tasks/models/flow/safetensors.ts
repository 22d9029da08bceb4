import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';

/** A float32 tensor with row-major values. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface TensorFile {
  readonly tensors: Readonly<Record<string, NamedTensor>>;
  /** Free text by key, as in the format's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const Entry = z.object({
  dtype: z.literal('F32'),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
const Header = z.looseObject({ __metadata__: z.record(z.string(), z.string()).optional() });

/**
 * A safetensors file: the header's length (8 bytes, little-endian), the header as JSON, then all values, little-endian. Names
 * are sorted, so equal tensors give equal bytes.
 */
export function encodeTensors({ tensors, metadata }: TensorFile): Uint8Array {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(['__metadata__', metadata]);
  const names = Object.keys(tensors).sort();
  let size = 0;
  for (const name of names) {
    const { shape, values } = tensors[name] as NamedTensor;
    entries.push([name, { dtype: 'F32', shape, data_offsets: [size, size + 4 * values.length] }]);
    size += 4 * values.length;
  }
  const json = JSON.stringify(Object.fromEntries(entries));
  // The format wants values to start at a multiple of 8, and allows spaces after the JSON for it.
  const header = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8), ' '));
  const file = Buffer.alloc(8 + header.length + size);
  file.writeBigUInt64LE(BigInt(header.length));
  header.copy(file, 8);
  let at = 8 + header.length;
  for (const name of names) {
    for (const value of (tensors[name] as NamedTensor).values) at = file.writeFloatLE(value, at);
  }
  return file;
}

/** Reads float32 tensors; `source` names the file in a complaint. A file that is cut short is refused. */
export function decodeTensors(bytes: Uint8Array, source: string): TensorFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = file.length < 8 ? Number.POSITIVE_INFINITY : Number(file.readBigUInt64LE());
  if (8 + headerSize > file.length) throw broken(source, 'it is shorter than its header');
  const { __metadata__: metadata = {}, ...entries } = parseHeader(file.subarray(8, 8 + headerSize), source);
  const body = file.subarray(8 + headerSize);
  const tensors: Record<string, NamedTensor> = {};
  for (const [name, raw] of Object.entries(entries)) {
    const entry = Entry.safeParse(raw);
    if (!entry.success) throw broken(source, `tensor "${name}" is not float32: ${z.prettifyError(entry.error)}`);
    const {
      shape,
      data_offsets: [from, to],
    } = entry.data;
    const count = shape.reduce((product, size) => product * size, 1);
    if (to > body.length || to - from !== 4 * count)
      throw broken(source, `tensor "${name}" does not fit its shape [${shape}]`);
    const values = Float32Array.from({ length: count }, (_, i) => body.readFloatLE(from + 4 * i));
    Object.defineProperty(tensors, name, { value: { shape, values }, enumerable: true });
  }
  return { tensors, metadata };
}

function parseHeader(header: Buffer, source: string): z.output<typeof Header> {
  try {
    return Header.parse(JSON.parse(header.toString('utf8')));
  } catch (cause) {
    throw broken(source, messageOf(cause), cause);
  }
}

function broken(source: string, reason: string, cause?: unknown): Problem {
  return new Problem('not-safetensors', `${source} is not a whole safetensors file: ${reason}.`, { cause });
}
