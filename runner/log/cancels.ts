import { appendFileSync, closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Asks the driver of a run, wherever it is, to end a node; all of it when none is named. */
export function askToCancel(runFolder: string, address: string | undefined): void {
  appendFileSync(pathIn(runFolder), `${JSON.stringify(address ?? null)}\n`);
}

/** Reads what was asked for since the last look, from the end of what was there when it was made. */
export class CancelRequests {
  readonly #path: string;
  #offset: number;

  constructor(runFolder: string) {
    this.#path = pathIn(runFolder);
    this.#offset = Buffer.byteLength(this.#read(0));
  }

  /** Addresses; `null` stands for the whole run. */
  take(): (string | null)[] {
    const text = this.#read(this.#offset);
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.#offset += Buffer.byteLength(whole);
    return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as string | null]));
  }

  #read(from: number): string {
    try {
      const file = openSync(this.#path, 'r');
      try {
        const buffer = Buffer.alloc(64 * 1024);
        return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, from));
      } finally {
        closeSync(file);
      }
    } catch {
      return ''; // nobody asked for anything
    }
  }
}

function pathIn(runFolder: string): string {
  return join(runFolder, 'cancel.jsonl');
}
