import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, Problem } from '../cache/problem.ts';
import { isPipeline } from '../pipelines/core/pipeline.ts';
import type { Attempt, TaskSpec } from '../tasks/core/spec.ts';
import { inCopy } from './copies.ts';
import { WorkerJob } from './job.ts';
import { progressWriter } from './progress.ts';
import { onPort } from './service-task.ts';
import { graphOf } from './wanted.ts';

/** Runs the TypeScript body of one job: `worker.js JOB_FOLDER`. Ends with 0 and `outputs.json`, or with 1 and `failure.json`. */
async function main(folder: string): Promise<void> {
  const told = WorkerJob.parse(JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')));
  const job = ofThisCopy(told, folder);
  const spec = await findTask(job);
  const outputs = await spec.run?.(job.inputs, job.out, attemptOf(folder, job));
  writeFileSync(join(here, 'outputs.json'), JSON.stringify(checkPlain(outputs ?? {}, spec.name)));
}

/** A scheduler may have started the job again: then this copy has places of its own, and perhaps something to go on from. */
function ofThisCopy(job: WorkerJob, folder: string): WorkerJob {
  const { STET_HERE, STET_OUT = '', STET_RESUMING } = process.env;
  if (STET_HERE === undefined) return job;
  const place = { here: STET_HERE, out: STET_OUT };
  const out = Object.entries(job.out).map(([name, path]) => [
    name,
    inCopy(path, { folder, sharedOut: job.sharedOut }, place),
  ]);
  return {
    ...job,
    out: Object.fromEntries(out) as Record<string, string>,
    scratch: join(STET_HERE, 'scratch'),
    resuming: STET_RESUMING === '1',
  };
}

async function findTask(job: WorkerJob): Promise<TaskSpec> {
  const module = (await import(pathToFileURL(job.entry).href)) as { default?: unknown };
  if (!isPipeline(module.default))
    throw new Problem('no-pipeline', `${job.entry} has no pipeline as its default export.`);
  const graph = graphOf(module.default, job.points);
  const node = graph.byAddress.get(job.node)?.node;
  if (graph.digest !== job.graph || (node?.type !== 'call' && node?.type !== 'service')) {
    throw new Problem(
      'graph-differs',
      `The pipeline gives another graph in this job (${graph.digest}) than in its driver (${job.graph}).`,
      {
        hint: 'Its build function must be pure: no clock, no randomness, no files, no environment.',
      },
    );
  }
  return node.type === 'call' ? node.spec : onPort(node.spec, job.port ?? 0);
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
    if (Array.isArray(value)) return value.forEach((inner, i) => walk(inner, `${where}.${i}`));
    if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
      for (const [key, inner] of Object.entries(value)) if (inner !== undefined) walk(inner, `${where}.${key}`);
      return;
    }
    const shown = typeof value === 'object' ? value.constructor?.name : typeof value;
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
try {
  await main(folder);
  process.exit(0); // workers and timers that the body left behind do not keep the job alive
} catch (error) {
  const failure = {
    code: Problem.is(error) ? error.code : 'threw',
    message: messageOf(error),
    ...(Problem.is(error) && error.hint ? { hint: error.hint } : {}),
    ...(error instanceof Error && error.stack ? { stack: error.stack } : {}),
  };
  process.stderr.write(`${failure.stack ?? failure.message}\n`);
  writeFileSync(join(here, 'failure.json'), JSON.stringify(failure));
  process.exit(1);
}
