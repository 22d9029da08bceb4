import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Longest end of a log that is read. */
const tailBytes = 16 * 1024;

/** Lines of a stack that lead through the framework or Node, and tell a person nothing. */
const ownFrame = /^\s+at .*(\/runner\/worker\.[jt]s:|node:internal\/)/;

/** The last lines of a log that say something; none when there is no log. */
export function logTail(path: string, lines: number): string[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return []; // the job never wrote anything
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    const all = buffer.subarray(0, read).toString('utf8').split(/\r?\n/);
    return all.filter((line) => line.trim() !== '' && !ownFrame.test(line)).slice(-lines);
  } finally {
    closeSync(file);
  }
}
