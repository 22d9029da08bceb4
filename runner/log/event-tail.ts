import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from './events.ts';
import { parseEvents } from './run-log.ts';

/** Looks without anything new after which a log is called quiet. */
const quietLooks = 10;

/** The events of a run that another process writes, as they come. */
export class EventTail {
  readonly #path: string;
  #offset = 0;
  #looks = 0;

  constructor(runFolder: string) {
    this.#path = join(runFolder, 'events.jsonl');
  }

  /** Nothing came for a while: whether the driver lives is worth a look. */
  get isQuiet(): boolean {
    return this.#looks > 0 && this.#looks % quietLooks === 0;
  }

  /** Whole lines since the last call. */
  take(): Event[] {
    const bytes = this.#read();
    const end = bytes.lastIndexOf(10) + 1;
    this.#offset += end;
    this.#looks = end > 0 ? 0 : this.#looks + 1;
    return parseEvents(bytes.toString('utf8', 0, end));
  }

  #read(): Buffer {
    const parts: Buffer[] = [];
    let file: number;
    try {
      file = openSync(this.#path, 'r');
    } catch {
      return Buffer.alloc(0); // its driver is about to begin
    }
    try {
      for (let at = this.#offset; ; ) {
        const part = Buffer.alloc(256 * 1024);
        const length = readSync(file, part, 0, part.length, at);
        if (length === 0) return Buffer.concat(parts);
        parts.push(part.subarray(0, length));
        at += length;
      }
    } finally {
      closeSync(file);
    }
  }
}
