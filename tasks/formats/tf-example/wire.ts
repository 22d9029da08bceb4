import { recordProblem, type Shard } from '../tfrecord/shard.ts';
import type { RecordSpan } from '../tfrecord/records.ts';

/** One field of a message: its number and where its value lies. */
export interface Field {
  readonly number: number;
  readonly wire: Wire;
  readonly start: number;
  readonly end: number;
}

/** Wire types of Protocol Buffers. Groups (3, 4) are not used by anything that writes examples. */
export type Wire = 0 | 1 | 2 | 5;

/** What a message is read from: a record in its shard. */
export interface Source {
  readonly shard: Shard;
  readonly span: RecordSpan;
}

/** The fields of the message between two bytes of the shard, without reading what they hold. */
export function* fieldsOf(source: Source, start: number, end: number): Generator<Field> {
  for (let position = start; position < end; ) {
    const tag = varintAt(source, position, end);
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    if (number === 0) throw malformed(source, 'a field has the number 0', position);
    const field = { number, ...valueAt(source, wire, tag.next, end) };
    yield field;
    position = field.end;
  }
}

function valueAt(source: Source, wire: number, start: number, end: number): Omit<Field, 'number'> {
  if (wire === 0) return { wire, start, end: varintAt(source, start, end).next };
  if (wire === 1 || wire === 5) return within(source, { wire, start, end: start + (wire === 1 ? 8 : 4) }, end);
  if (wire !== 2) throw malformed(source, `a field has wire type ${wire}`, start);
  const length = varintAt(source, start, end);
  return within(source, { wire, start: length.next, end: length.next + length.value }, end);
}

/** Before anything is allocated for it. */
function within<T extends { start: number; end: number }>(source: Source, field: T, end: number): T {
  if (field.end <= end) return field;
  const [length, left] = [field.end - field.start, end - field.start];
  throw malformed(source, `a field of ${length} bytes does not fit into the ${left} that are left`, field.start);
}

function varintAt({ shard, span }: Source, start: number, end: number): { value: number; next: number } {
  let value = 0;
  for (let position = start, unit = 1; position < end && position < start + 10; position += 1, unit *= 128) {
    const byte = shard.byteAt(position);
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return { value, next: position + 1 };
  }
  throw malformed({ shard, span }, 'a number has no end', start);
}

export function malformed({ span }: Source, what: string, at: number): Error {
  return recordProblem('malformed-example', span, `it is no tf.train.Example: ${what}`, {
    at,
    hint: 'The record is damaged, or the file holds something else than examples.',
  });
}
