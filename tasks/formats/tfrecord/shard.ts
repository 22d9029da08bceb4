import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf, Problem } from '../../../cache/problem.ts';

/** Where a record starts; every problem of a record names it. */
export interface RecordPosition {
  /** Name of the shard's file. */
  readonly shard: string;
  /** Record in the shard, from 0. */
  readonly record: number;
  /** Byte in the shard at which the record starts, with its framing. */
  readonly offset: number;
}

/** Bytes that a look at a few bytes fetches at least. */
const leastBytes = 512;
/** Looks end at a multiple of this, the unit in which systems read files. */
const pageBytes = 4096;

/**
 * A file that is read by position. Small looks go through one page of memory; what lies between them is never read.
 *
 * The size is the one at opening; asking for bytes beyond it is a bug of the caller, who knows his bounds.
 */
export class Shard {
  readonly name: string;
  readonly size: number;
  /** Bytes asked of the system so far. */
  bytesRead = 0;
  private readonly file: number;
  private readonly page = Buffer.alloc(pageBytes + leastBytes);
  private pageStart = 0;
  private pageEnd = 0;

  constructor(path: string) {
    this.name = basename(path);
    try {
      this.file = openSync(path, 'r');
    } catch (cause) {
      throw new Problem('shard-unreadable', `Shard ${this.name} cannot be read: ${messageOf(cause)}.`, { cause });
    }
    this.size = fstatSync(this.file).size;
  }

  /** One byte, out of memory when it is near the last one. */
  byteAt(position: number): number {
    if (position < this.pageStart || position >= this.pageEnd) this.turnTo(position);
    return this.page[position - this.pageStart] as number;
  }

  /** Bytes of the file into `target`. */
  readInto(target: Uint8Array, position: number): void {
    const end = position + target.length;
    if (position >= this.pageStart && end <= this.pageEnd) {
      target.set(this.page.subarray(position - this.pageStart, end - this.pageStart));
      return;
    }
    for (let done = 0; done < target.length; ) {
      const count = readSync(this.file, target, done, target.length - done, position + done);
      if (count === 0) throw this.shrunk();
      done += count;
      this.bytesRead += count;
    }
  }

  close(): void {
    closeSync(this.file);
  }

  private turnTo(position: number): void {
    const wanted = Math.max(leastBytes, pageBytes - (position % pageBytes));
    const count = readSync(this.file, this.page, 0, wanted, position);
    if (count === 0) throw this.shrunk();
    this.bytesRead += count;
    this.pageStart = position;
    this.pageEnd = position + count;
  }

  private shrunk(): Problem {
    return new Problem('shard-changed', `Shard ${this.name} became shorter while it was read.`, {
      hint: 'Wait until whatever writes it is done, then run again.',
    });
  }
}

/** What is wrong with a record, with all that is needed to look at the bytes. `at` is a byte of the shard. */
export function recordProblem(
  code: string,
  position: RecordPosition,
  what: string,
  { at, hint }: { at?: number; hint?: string } = {},
): Problem {
  const where = at === undefined || at === position.offset ? '' : ` (at byte ${at})`;
  const message = `Record ${position.record} of ${position.shard}, from byte ${position.offset}: ${what}${where}.`;
  return new Problem(code, message, { hint });
}
