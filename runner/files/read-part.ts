import { closeSync, fstatSync, readSync } from 'node:fs';
import { openRegular } from '../../cache/regular-file.ts';

/** At most `maxBytes` from the end of a file, and whether that is all of it. Throws when there is no file. */
export function readEnd(path: string, maxBytes: number): { bytes: Buffer; isAll: boolean } {
  const file = openRegular(path);
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - maxBytes);
    const buffer = Buffer.alloc(size - start);
    const length = readSync(file, buffer, 0, buffer.length, start);
    return { bytes: buffer.subarray(0, length), isAll: start === 0 };
  } finally {
    closeSync(file);
  }
}

/** All from an offset on; nothing when there is no file (yet). */
export function readFrom(path: string, offset: number): Buffer {
  let file: number;
  try {
    file = openRegular(path);
  } catch {
    return Buffer.alloc(0);
  }
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(file);
  }
}
