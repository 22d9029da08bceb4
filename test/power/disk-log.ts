import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What a disk was told. */
type Entry = { readonly is: 'flush' } | { readonly is: 'write'; readonly offset: number; readonly bytes: Buffer };

/** All that a recorded disk was told, in order. A cut is a number of entries: the power went after so many. */
export class DiskLog {
  readonly entries: readonly Entry[];
  /** Bytes of the log up to each cut. */
  readonly #ends: readonly number[];

  constructor(path: string) {
    const log = readFileSync(path);
    const entries: Entry[] = [];
    const ends = [0];
    for (let at = 0; at < log.length; ends.push(at)) {
      const [kind, offset, length] = [0, 8, 16].map((from) => Number(log.readBigUInt64LE(at + from)));
      at += 24 + (length ?? 0);
      if (kind === 2) entries.push({ is: 'flush' });
      else entries.push({ is: 'write', offset: offset ?? 0, bytes: log.subarray(at - (length ?? 0), at) });
    }
    this.entries = entries;
    this.#ends = ends;
  }

  /** How many bytes the log had when the power went. */
  bytesAt(cut: number): number {
    return this.#ends[cut] ?? 0;
  }

  /** The first cut after all that stands in so many bytes of the log. */
  cutAfter(bytes: number): number {
    const cut = this.#ends.findIndex((end) => end >= bytes);
    return cut < 0 ? this.entries.length : cut;
  }

  get flushes(): number {
    return this.entries.filter(({ is }) => is === 'flush').length;
  }

  /** After so many entries the last flush before a cut had ended: all that was written before is on the disk. */
  lastFlushBefore(cut: number): number {
    return this.entries.slice(0, cut).findLastIndex(({ is }) => is === 'flush') + 1;
  }

  /** Writes the entries from one cut to another into an image, or those pieces of them that `isKept` picks. */
  apply(image: string, from: number, to: number, isKept: () => boolean = () => true): void {
    const file = openSync(image, 'r+');
    try {
      for (const entry of this.entries.slice(from, to)) {
        if (entry.is === 'flush') continue;
        for (let at = 0; at < entry.bytes.length; at += pieceBytes) {
          const length = Math.min(pieceBytes, entry.bytes.length - at);
          if (isKept()) writeSync(file, entry.bytes, at, length, entry.offset + at);
        }
      }
    } finally {
      closeSync(file);
    }
  }
}

/** A disk that loses its power in the midst of a write may have any of its pieces; smaller ones it never tears. */
const pieceBytes = 4096;
