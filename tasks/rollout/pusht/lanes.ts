import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../../cache/problem.ts';
import { startThread } from '../../../cache/thread.ts';
import { siblingModule } from '../../core/sibling-module.ts';
import type { BackendName } from '../../models/backend-name.ts';
import type { LaneJob, LaneMessage } from './lane-worker.ts';
import type { Trace } from './episode.ts';

/**
 * Episodes of one lane are rolled out together. The number of lanes is fixed, so that who shares a batch with whom, which a
 * backend might let show in the last bits, does not depend on the number of cores. More cores than lanes are of no use.
 */
export const laneCount = 4;

export interface RollOutJob {
  readonly policyFolder: string;
  readonly backend: BackendName;
  /** Env seeds, one per episode. */
  readonly seeds: readonly number[];
  /** Env steps after which an episode ends anyway. */
  readonly maxSteps: number;
}

/** Rolls a policy out on all seeds, the lanes spread over `cores` threads. Gives the traces as they come, in any order. */
export async function* rollOutLanes(job: RollOutJob, cores: number): AsyncGenerator<Trace> {
  const lanes = lanesOf(job.seeds);
  const threads = Math.max(1, Math.min(cores, lanes.length));
  const shares = Array.from({ length: threads }, (_, thread) => lanes.filter((_, lane) => lane % threads === thread));
  const { policyFolder, backend, maxSteps } = job;
  const jobs = shares.map((share): LaneJob => ({ policyFolder, backend, maxSteps, lanes: share }));
  yield* threads === 1 ? inProcess(jobs[0] as LaneJob) : inThreads(jobs);
}

function lanesOf(seeds: readonly number[]): number[][] {
  const lanes = Array.from({ length: laneCount }, (_, lane) => seeds.filter((_, i) => i % laneCount === lane));
  return lanes.filter((lane) => lane.length > 0);
}

async function* inProcess(job: LaneJob): AsyncGenerator<Trace> {
  const { rollOutLane } = await import('./lane-worker.ts');
  for await (const trace of rollOutLane(job)) {
    yield trace;
    await setImmediate(); // inference blocks; let progress and signals through
  }
}

async function* inThreads(jobs: readonly LaneJob[]): AsyncGenerator<Trace> {
  const arrived: LaneMessage[] = [];
  const wake = new EventTarget();
  const workers = jobs.map((workerData) => {
    const worker = startThread(siblingModule(import.meta.url, './lane-worker'), workerData);
    const tell = (message: LaneMessage) => {
      arrived.push(message);
      wake.dispatchEvent(new Event('message'));
    };
    worker.on('message', tell);
    worker.on('error', (error) =>
      tell({ type: 'failed', code: 'rollout-crashed', message: error.message, hint: undefined }),
    );
    worker.on('exit', (code) => tell({ type: 'exited', code }));
    return worker;
  });
  try {
    let missing = jobs.flatMap(({ lanes }) => lanes).flat().length;
    for (let open = workers.length; open > 0; ) {
      while (arrived.length === 0) await once(wake, 'message');
      const message = arrived.shift() as LaneMessage;
      if (message.type === 'trace') {
        missing -= 1;
        yield message.trace;
      }
      if (message.type === 'failed') throw new Problem(message.code, message.message, { hint: message.hint });
      if (message.type === 'exited' && message.code !== 0) {
        throw new Problem('rollout-crashed', `A rollout thread ended with code ${message.code}.`);
      }
      if (message.type === 'exited') open -= 1;
    }
    if (missing > 0)
      throw new Problem('rollout-crashed', `The rollout threads ended with ${missing} episodes missing.`);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
