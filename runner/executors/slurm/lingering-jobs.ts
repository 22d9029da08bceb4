import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Submitted } from '../executor.ts';

/** So long a job that is done with is looked out for, in days. */
const days = 7;

/**
 * Jobs that are done with and that Slurm may still put back into the queue: a node that was cut off and comes back reports a
 * launch that failed long ago, and the job is held there for ever, whatever became of it meanwhile. Kept beside the store, so
 * that any later driver takes them away.
 */
export class LingeringJobs {
  readonly #path: string;
  readonly #known: Submitted[];

  constructor(storeRoot: string, now = Date.now()) {
    this.#path = join(storeRoot, 'lingering-jobs.jsonl');
    this.#known = read(this.#path, now - days * 86_400_000);
  }

  add({ name, index }: Submitted, now = Date.now()): void {
    this.#known.push({ name, index });
    appendFileSync(this.#path, `${JSON.stringify({ name, index, at: now })}\n`);
  }

  get known(): readonly Submitted[] {
    return this.#known;
  }
}

function read(path: string, since: number): Submitted[] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
    const lingering = lines.map((line) => JSON.parse(line) as Submitted & { at: number });
    return lingering.filter(({ at }) => at > since);
  } catch {
    return []; // there never were any; a torn line is no reason to stop
  }
}
