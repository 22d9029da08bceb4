import { join } from 'node:path';
import { appendJsonLine, JsonLineTail } from '../files/json-lines.ts';

/** The address of a node; `null` stands for the whole run. */
type Request = string | null;

/** Asks the driver of a run, wherever it is, to end a node; all of it when none is named. */
export function askToCancel(runFolder: string, address: string | undefined): void {
  appendJsonLine(pathIn(runFolder), (address ?? null) satisfies Request);
}

/** What is asked for from now on. */
export class CancelRequests {
  readonly #tail: JsonLineTail<Request>;

  constructor(runFolder: string) {
    this.#tail = new JsonLineTail(pathIn(runFolder), asRequest, { from: 'next' });
  }

  /** Since the last look. */
  take(): Request[] {
    return this.#tail.take();
  }
}

function asRequest(value: unknown): Request | undefined {
  return typeof value === 'string' || value === null ? value : undefined;
}

function pathIn(runFolder: string): string {
  return join(runFolder, 'cancel.jsonl');
}
