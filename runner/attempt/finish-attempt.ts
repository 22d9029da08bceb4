import { basename } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { streamOf } from '../../tasks/core/stream.ts';
import type { Copy, Exit } from '../executors/executor.ts';
import { signatureOf } from '../job/shared-outputs.ts';
import type { StagedJob } from '../job/staged-job.ts';
import type { Diagnostics } from '../log/diagnostics.ts';
import type { Failure } from '../log/events.ts';
import type { Item } from '../values/output.ts';
import type { ActiveAttempt } from './active-attempt.ts';
import type { AttemptEnd } from './attempt-end.ts';
import { costOf, heldBy } from './cost.ts';
import { ingest } from './ingest.ts';
import { failureOf } from './failure-of.ts';
import { judge } from './judge.ts';
import { awaitVisible } from './wait-visible.ts';

/** So long files of a job on another host are waited for, in seconds, unless its executor says otherwise. */
const usualVisibleSeconds = 120;

/** What watches the streams of the job. */
interface Streams {
  lookForTheLastTime(): Promise<void>;
  /** Why they cannot be taken. */
  readonly broken: Failure | undefined;
  readonly items: ReadonlyMap<string, readonly Item[]>;
}

interface FinishTools {
  readonly store: Store;
  readonly diagnostics: Diagnostics;
}

/** Judges a job that has ended, and takes in what it made. */
export async function finishAttempt(
  attempt: ActiveAttempt,
  watch: Streams,
  exit: Exit,
  tools: FinishTools,
): Promise<AttemptEnd> {
  const { store, diagnostics } = tools;
  const { executor, executorName, frozen, tries, jobInCopy: job } = attempt;
  const isRemote = executor.outlivesDriver;
  const seconds = exit.usage?.seconds ?? (isRemote ? 0 : attempt.seconds);
  const end = {
    attempt: job.attempt,
    tries,
    seconds,
    log: `${job.id}/log.txt`,
    cause: exit.cause,
    frozen,
    held: heldBy(job.resources),
    cost: costOf(job.resources, seconds, exit),
  };
  if (isRemote && exit.cause === undefined && exit.code === 0) {
    await untilVisible(job, attempt.copy, executor.visibleWithinSeconds ?? usualVisibleSeconds);
  }
  await watch.lookForTheLastTime();
  const failure = watch.broken ?? judge(job, exit, executorName);
  if (failure) {
    const progress = job.call.spec.onPreempt === 'resume' ? await signatureOf(job.outFolder) : undefined;
    const cause = failure.code === 'service-died' ? failure.code : exit.cause;
    return { ...end, failure, cause, progress };
  }
  try {
    return { ...end, outputs: await ingest(job, store, watch.items) };
  } catch (error) {
    if (!Problem.is(error)) diagnostics.error({ err: error }, 'ingest');
    return { ...end, failure: failureOf(error) };
  }
}

/** Another run has taken the fingerprint over: what this attempt made is nobody's business. */
export function takenOver({ job, tries, seconds }: ActiveAttempt): AttemptEnd {
  return { attempt: job.attempt, tries, seconds, log: `${job.id}/log.txt`, failure: takenOverFailure };
}

const takenOverFailure = { code: 'taken-over', message: 'This driver stood still, and another run has taken it over.' };

/** What a job wrote on another host may show up here later than its end. */
async function untilVisible(job: StagedJob, copy: Copy | undefined, withinSeconds: number): Promise<void> {
  const { spec } = job.call;
  const names = Object.entries(job.out).flatMap(([name, path]) => {
    return spec.run || streamOf(spec.outputs[name]) ? [] : [basename(path)];
  });
  const own = { folder: job.folder, names: spec.run ? ['outputs.json'] : [], counted: 'outputs' as const };
  const shared = { folder: job.outFolder, names, counted: 'all' as const };
  const isShared = spec.onPreempt === 'resume';
  const folders = isShared ? [...(spec.run ? [own] : []), shared] : [{ ...own, names: [...own.names, ...names] }];
  await awaitVisible(folders, copy?.entries, withinSeconds);
}
