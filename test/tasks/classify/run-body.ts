import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attempt, Progress, Shape } from '../../../tasks/core/task.ts';
import type { TaskSpecOf } from '../../../tasks/core/spec.ts';
import { z } from 'zod';

/** Runs the body of a task in this process: outputs go into a new folder below `folder`. */
export async function runBody<I extends Shape, O extends Shape>(
  { spec }: { spec: TaskSpecOf<I, O> },
  inputs: z.input<z.ZodObject<I>>,
  folder: string,
  told: Progress[] = [],
) {
  if (!spec.run) throw new Error(`${spec.name} has no body`);
  const place = await mkdtemp(join(folder, 'out-'));
  const out = Object.fromEntries(Object.keys(spec.outputs).map((name) => [name, join(place, name)])) as {
    [K in keyof O]: string;
  };
  const attempt: Attempt = {
    resuming: false,
    scratch: folder,
    cpus: 1,
    signal: new AbortController().signal,
    report: (progress) => told.push(progress),
  };
  const values = await spec.run(z.object(spec.inputs).parse(inputs), out, attempt);
  return { out, values };
}
