import { readEnd } from '../../files/read-part.ts';

/** Longest end of a log that is read. */
const tailBytes = 16 * 1024;

/** Lines of a stack that lead through the framework or Node, and tell a person nothing. */
const ownFrame = /^\s+at .*(\/runner\/node\/worker\.[jt]s:|node:internal\/)/;

/** The last lines of a log that say something; none when there is no log. */
export function logTail(path: string, lines: number): string[] {
  let bytes: Buffer;
  try {
    ({ bytes } = readEnd(path, tailBytes));
  } catch {
    return []; // the job never wrote anything
  }
  const all = bytes.toString('utf8').split(/\r?\n/);
  return all.filter((line) => line.trim() !== '' && !ownFrame.test(line)).slice(-lines);
}
