import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { messageOf, Problem } from '../../../cache/problem.ts';
import type { BackendName } from '../../models/backend-name.ts';
import { loadPolicy } from '../../models/flow-policy/policy.ts';
import type { Trace } from './episode.ts';
import { rollOut } from './roll-out.ts';

/** What one thread is to do; plain data. */
export interface LaneJob {
  readonly policyFolder: string;
  readonly backend: BackendName;
  readonly maxSteps: number;
  /** Env seeds, lane by lane. */
  readonly lanes: readonly (readonly number[])[];
}

/** What a thread says. */
export type LaneMessage =
  | { readonly type: 'trace'; readonly trace: Trace }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string | undefined }
  | { readonly type: 'exited'; readonly code: number };

/** Rolls out lane after lane. */
export async function* rollOutLane({ policyFolder, backend, maxSteps, lanes }: LaneJob): AsyncGenerator<Trace> {
  const policy = await loadPolicy(policyFolder, { backend });
  try {
    for (const seeds of lanes) yield* rollOut(policy, seeds, maxSteps);
  } finally {
    policy.dispose();
  }
}

async function serve(job: LaneJob): Promise<void> {
  const send = (message: LaneMessage) => parentPort?.postMessage(message);
  try {
    for await (const trace of rollOutLane(job)) send({ type: 'trace', trace });
  } catch (error) {
    const { code, hint } = Problem.is(error) ? error : { code: 'rollout-crashed', hint: undefined };
    send({ type: 'failed', code, message: messageOf(error), hint });
  }
}

if (!isMainThread && isLaneJob(workerData)) await serve(workerData);

/** Other threads, of test runners for example, import this module too. */
function isLaneJob(value: unknown): value is LaneJob {
  return typeof value === 'object' && value !== null && 'lanes' in value && 'policyFolder' in value;
}
