import { isLfsPointer, lfsPointerBytes } from '../lfs-pointer.ts';
import { crc32c, mask } from './crc32c.ts';
import { type RecordPosition, recordProblem, type Shard } from './shard.ts';

/** Where a record and its data lie: `start` is the first byte of the data, after the framing. */
export interface RecordSpan extends RecordPosition {
  readonly start: number;
  readonly length: number;
}

/** A record's length (uint64) and its masked CRC come before the data, a masked CRC of the data after it. */
const [headBytes, tailBytes] = [12, 4];

/**
 * The records of a shard, one after the other; their data is not read.
 *
 * The CRC of each length is checked. Throws `lfs-pointer`, `shard-truncated`, `wrong-length-crc`; after any of them the
 * rest of the shard cannot be found.
 */
export function* recordsOf(shard: Shard): Generator<RecordSpan> {
  refusePointer(shard);
  const head = new Uint8Array(headBytes);
  const view = new DataView(head.buffer);
  for (let offset = 0, record = 0; offset < shard.size; record += 1) {
    const position = { shard: shard.name, record, offset };
    if (offset + headBytes > shard.size)
      throw truncated(position, `${shard.size - offset} bytes of ${headBytes}`, shard);
    shard.readInto(head, offset);
    const [stored, computed] = [view.getUint32(8, true), mask(crc32c(head.subarray(0, 8)))];
    if (stored !== computed) {
      throw recordProblem(
        'wrong-length-crc',
        position,
        `the checksum of its length is ${hex(stored)}, not ${hex(computed)}`,
        {
          hint: 'The shard is damaged or no TFRecord file: fetch it again.',
        },
      );
    }
    const start = offset + headBytes;
    const length = Number(view.getBigUint64(0, true)); // above 2^53 it is inexact, and longer than any file
    const end = start + length + tailBytes;
    if (end > shard.size) throw truncated(position, `${shard.size - start} bytes of ${length + tailBytes}`, shard);
    yield { ...position, start, length };
    offset = end;
  }
}

/** Reads a record in full and compares its CRC; `onChunk` sees its data, piece by piece. Throws `wrong-data-crc`. */
export function checkData(shard: Shard, span: RecordSpan, onChunk: (chunk: Uint8Array) => void = () => {}): void {
  const chunk = new Uint8Array(Math.min(span.length, 1 << 20));
  let crc = 0;
  for (let done = 0; done < span.length; done += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, span.length - done));
    shard.readInto(part, span.start + done);
    crc = crc32c(part, crc);
    onChunk(part);
  }
  const tail = new Uint8Array(tailBytes);
  shard.readInto(tail, span.start + span.length);
  const [stored, computed] = [new DataView(tail.buffer).getUint32(0, true), mask(crc)];
  if (stored === computed) return;
  throw recordProblem('wrong-data-crc', span, `the checksum of its data is ${hex(stored)}, not ${hex(computed)}`, {
    hint: 'The shard is damaged: fetch it again.',
  });
}

/** A clone without its large files has small text files in their place. */
function refusePointer(shard: Shard): void {
  if (shard.size < lfsPointerBytes) return;
  if (!isLfsPointer(Uint8Array.from({ length: lfsPointerBytes }, (_, i) => shard.byteAt(i)))) return;
  throw recordProblem(
    'lfs-pointer',
    { shard: shard.name, record: 0, offset: 0 },
    'the file is a pointer of Git LFS, not the data',
    { hint: 'Fetch the data itself: git lfs pull.' },
  );
}

function truncated(position: RecordPosition, has: string, shard: Shard): Error {
  return recordProblem('shard-truncated', position, `the file ends within it, with ${has}`, {
    at: shard.size,
    hint: 'The shard was not fetched in full: fetch it again.',
  });
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
