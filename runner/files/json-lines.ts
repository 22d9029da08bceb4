import { statSync } from 'node:fs';
import { readEnd, readFrom } from './read-part.ts';
import { appendRegular, readRegular } from '../../cache/regular-file.ts';

/**
 * Files of one JSON value a line, to which programs append that may be killed in the midst of a line. What is torn was never
 * said, and what `read` does not take (it gives undefined) is somebody else's: readers pass over both.
 */
type Read<T> = (value: unknown) => T | undefined;

const lineBreak = 10;

/** Appends a line; what a killed writer left before it stays a line of its own. */
export function appendJsonLine(path: string, value: unknown): void {
  endTornLine(path);
  appendRegular(path, `${JSON.stringify(value)}\n`);
}

/** Gives the file a line break at its end, if it lacks one. */
export function endTornLine(path: string): void {
  if (endsInMidLine(path)) appendRegular(path, '\n');
}

function endsInMidLine(path: string): boolean {
  try {
    const { bytes } = readEnd(path, 1);
    return bytes.length > 0 && bytes[0] !== lineBreak;
  } catch {
    return false; // there is no file yet
  }
}

/** What a file says; nothing when there is none. */
export function readJsonLines<T>(path: string, read: Read<T>): T[] {
  let text: string;
  try {
    text = readRegular(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return parseJsonLines(text, read);
}

/** The last thing that a file says in a whole line, when it stands in the last `maxBytes`. */
export function lastJsonLine<T>(path: string, maxBytes: number, read: Read<T>): T | undefined {
  let end: ReturnType<typeof readEnd>;
  try {
    end = readEnd(path, maxBytes);
  } catch {
    return undefined; // there is no file yet
  }
  const { bytes, isAll } = end;
  const start = isAll ? 0 : bytes.indexOf(lineBreak) + 1;
  const lines = bytes.toString('utf8', start, bytes.lastIndexOf(lineBreak) + 1).split('\n');
  for (const line of lines.reverse()) {
    const value = valueOf(line, read);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What another process says, as it says it. */
export class JsonLineTail<T> {
  readonly #path: string;
  readonly #read: Read<T>;
  #offset: number;

  /** `from`: the first line, or the next that is written. */
  constructor(path: string, read: Read<T>, { from }: { from: 'first' | 'next' }) {
    this.#path = path;
    this.#read = read;
    this.#offset = from === 'first' ? 0 : sizeOf(path);
  }

  /** Of the lines that have become whole since the last call. */
  take(): T[] {
    const bytes = readFrom(this.#path, this.#offset);
    const end = bytes.lastIndexOf(lineBreak) + 1;
    this.#offset += end;
    return parseJsonLines(bytes.toString('utf8', 0, end), this.#read);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function parseJsonLines<T>(text: string, read: Read<T>): T[] {
  return text.split('\n').flatMap((line) => {
    const value = valueOf(line, read);
    return value === undefined ? [] : [value];
  });
}

function valueOf<T>(line: string, read: Read<T>): T | undefined {
  if (line === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // torn
  }
  return read(value);
}
