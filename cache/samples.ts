import { closeSync, fstatSync, mkdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { nameOf } from './border.ts';
import { isTable } from './canonical-json.ts';
import { type Digest, digestBytes } from './digest.ts';
import { openRegular, readRegular } from './regular-file.ts';
import { removeFile } from './remove.ts';
import { writeWhole } from './write-whole.ts';

/** So many blocks of a large blob are known by their digests, and so many of them are read when it is handed out. */
const knownBlocks = 256;
const readBlocks = 32;
const blockBytes = 4096;

/**
 * What is remembered of blobs that are too large to be read each time: by which size, time and inode the content was known, and
 * digests of some of its blocks. Files that were copied to another disk, or written to, show by the former; a disk that
 * forgets, by the latter, if enough of it is gone.
 */
export class Samples {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = join(root, 'samples');
  }

  /** To be called when the content is known to be right. `stats` say by what it will be known again. */
  remember(digest: Digest, path: string, stats: string): void {
    try {
      this.#write(digest, path, stats);
    } catch {
      // Without room or right to write, the blob is read again next time: slower, never wrong.
    }
  }

  #write(digest: Digest, path: string, stats: string): void {
    const blocks = withFile(path, (file, size) =>
      Array.from({ length: knownBlocks }, (_, i) => blockDigest(file, offsetOf(i, size))),
    );
    mkdirSync(this.#folder, { recursive: true });
    writeWhole(this.#pathOf(digest), JSON.stringify({ stats, blocks }));
  }

  /** `unknown` when nothing is remembered, or the file is not the one that was. */
  check(digest: Digest, path: string, stats: string): 'same' | 'differs' | 'unknown' {
    const known = this.#read(digest);
    if (known === undefined || known.stats !== stats) return 'unknown';
    const isSame = withFile(path, (file, size) =>
      Array.from({ length: readBlocks }, () => Math.floor(Math.random() * knownBlocks)).every(
        (i) => blockDigest(file, offsetOf(i, size)) === known.blocks[i],
      ),
    );
    return isSame ? 'same' : 'differs';
  }

  forget(digest: Digest): void {
    removeFile(this.#pathOf(digest));
  }

  #read(digest: Digest): { stats: string; blocks: readonly unknown[] } | undefined {
    try {
      const known: unknown = JSON.parse(readRegular(this.#pathOf(digest)));
      if (!isTable(known) || typeof known.stats !== 'string' || !Array.isArray(known.blocks)) return undefined;
      return { stats: known.stats, blocks: known.blocks };
    } catch {
      return undefined; // not remembered yet
    }
  }

  #pathOf(digest: Digest): string {
    return join(this.#folder, nameOf(digest));
  }
}

function offsetOf(i: number, size: number): number {
  return Math.floor((Math.max(0, size - blockBytes) * i) / (knownBlocks - 1));
}

function blockDigest(file: number, offset: number): string {
  const block = Buffer.alloc(blockBytes);
  return digestBytes(block.subarray(0, readSync(file, block, 0, blockBytes, offset))).slice(7, 23);
}

function withFile<T>(path: string, read: (file: number, size: number) => T): T {
  const file = openRegular(path);
  try {
    return read(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}
