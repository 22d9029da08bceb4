import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf, Problem } from '../../cache/problem.ts';
import { writeWhole } from '../../cache/write-whole.ts';
import type { Attempt } from '../../tasks/core/spec.ts';
import { findTask } from './find-task.ts';
import { WorkerJob } from '../job/worker-job.ts';
import { asHere } from './localise-job.ts';
import { progressWriter } from '../log/progress.ts';

/** Runs the TypeScript body of one job: `worker.js JOB_FOLDER`. Ends with 0 and `outputs.json`, or with 1 and `failure.json`. */
async function main(folder: string): Promise<void> {
  const told = WorkerJob.parse(JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')));
  const job = asHere(told, folder, process.env);
  const spec = await findTask(job);
  const outputs = await spec.run?.(job.inputs, job.out, attemptOf(folder, job));
  await nextTurn(); // a promise that was rejected and that nobody waits for is told of by now
  // A link in its place is not followed.
  writeWhole(join(here, 'outputs.json'), JSON.stringify(checkPlain(outputs ?? {}, spec.name)));
}

/** A body that listens to `signal` gets time to end by itself; one that does not is ended at once. */
function attemptOf(folder: string, job: WorkerJob): Attempt {
  const abort = new AbortController();
  let listens = false;
  process.on('SIGTERM', () => {
    if (!listens) process.exit(143);
    abort.abort(new Problem('stopped', 'The job was told to stop.'));
  });
  return {
    resuming: job.resuming,
    get scratch() {
      mkdirSync(job.scratch, { recursive: true });
      return job.scratch;
    },
    cpus: Number(process.env.STET_CPUS ?? 1),
    get signal() {
      listens = true;
      return abort.signal;
    },
    report: progressWriter(folder),
  };
}

/** What is not plain data would change silently on its way through JSON. */
function checkPlain(outputs: unknown, task: string): unknown {
  const walk = (value: unknown, where: string): void => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
    if (typeof value === 'number' && Number.isFinite(value)) return;
    if (Array.isArray(value)) {
      for (const [i, inner] of value.entries()) walk(inner, `${where}.${i}`);
      return;
    }
    if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
      for (const [key, inner] of Object.entries(value)) if (inner !== undefined) walk(inner, `${where}.${key}`);
      return;
    }
    const shown =
      typeof value === 'object' ? value.constructor?.name : typeof value === 'number' ? String(value) : typeof value;
    throw new Problem('wrong-output', `${task} returned something at ${where} that is not plain data: ${shown}.`, {
      hint: 'Return finite numbers, text, booleans, null, lists and plain objects; write files for everything else.',
    });
  };
  walk(outputs, 'outputs');
  return outputs;
}

const folder = process.argv[2] ?? '';
/** Where this copy of the job writes. */
const here = process.env.STET_HERE ?? folder;
process.on('unhandledRejection', fail);
try {
  await main(folder);
  process.exit(0); // workers and timers that the body left behind do not keep the job alive
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  const failure = {
    code: Problem.is(error) ? error.code : 'threw',
    message: messageOf(error),
    ...(Problem.is(error) && error.hint ? { hint: error.hint } : {}),
    ...(error instanceof Error && error.stack ? { stack: error.stack } : {}),
  };
  process.stderr.write(`${failure.stack ?? failure.message}\n`);
  writeWhole(join(here, 'failure.json'), JSON.stringify(failure));
  process.exit(1);
}
