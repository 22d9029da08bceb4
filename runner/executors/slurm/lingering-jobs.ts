import { join } from 'node:path';
import { z } from 'zod';
import { appendJsonLine, readJsonLines } from '../../files/json-lines.ts';
import type { Submitted } from '../executor.ts';

const LingeringJob = z.object({ name: z.string(), index: z.int().optional(), at: z.number() });

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
    const since = now - days * 86_400_000;
    const all = readJsonLines(this.#path, (line) => LingeringJob.safeParse(line).data);
    this.#known = all.filter(({ at }) => at > since);
  }

  add({ name, index }: Submitted, now = Date.now()): void {
    this.#known.push({ name, index });
    try {
      appendJsonLine(this.#path, { name, index, at: now });
    } catch {
      // A full disk: this driver knows it all the same, and it does nothing should it come back.
    }
  }

  get known(): readonly Submitted[] {
    return this.#known;
  }
}
