import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { messageOf, Problem } from '../../../cache/problem.ts';
import type { BackendName } from '../../models/backend-name.ts';
import { openServable } from '../policies/open-servable.ts';
import { rowWidth } from '../policies/request.ts';
import type { Actor } from '../policies/servable.ts';

/** What the thread is to run; plain data. */
export interface InferenceJob {
  readonly servableFolder: string;
  readonly backend: BackendName;
}

/** One batch; rows are [batch, numbers]. */
export interface BatchMessage {
  readonly rows: Float64Array;
  readonly noiseSeeds: readonly number[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Of one row: its actions, [steps, width], or why there are none. */
export type Outcome = { readonly actions: Float64Array } | { readonly failure: Failure };

export type InferenceMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'unusable'; readonly failure: Failure }
  | { readonly type: 'done'; readonly outcomes: readonly Outcome[]; readonly inferMs: number };

async function serve({ servableFolder, backend }: InferenceJob): Promise<void> {
  const send = (message: InferenceMessage) => parentPort?.postMessage(message);
  let actor: Actor;
  try {
    const { load, contract } = await openServable(servableFolder, backend);
    actor = await load();
    // The first time takes longer, and no client should pay for it.
    await actor.act(new Float64Array(rowWidth(contract.keys)), [0]);
  } catch (error) {
    send({ type: 'unusable', failure: failureOf(error) });
    return;
  }
  const infer = async (batch: BatchMessage): Promise<void> => {
    const started = performance.now();
    const outcomes = await outcomesOf(actor, batch);
    send({ type: 'done', outcomes, inferMs: performance.now() - started });
  };
  parentPort?.on('message', (batch: BatchMessage) => void infer(batch)); // a rejection ends the thread, which is told
  send({ type: 'ready' });
}

/** When a batch fails, its rows are tried one by one: what one client sent must not fail another. */
async function outcomesOf(actor: Actor, { rows, noiseSeeds }: BatchMessage): Promise<Outcome[]> {
  const batch = noiseSeeds.length;
  try {
    const actions = await actor.act(rows, noiseSeeds);
    const width = actions.length / batch;
    return noiseSeeds.map((_, row) => ({ actions: actions.slice(row * width, (row + 1) * width) }));
  } catch (error) {
    if (batch === 1) return [{ failure: failureOf(error) }];
    const width = rows.length / batch;
    const outcomes: Outcome[] = [];
    for (const [row, seed] of noiseSeeds.entries()) {
      const alone = { rows: rows.slice(row * width, (row + 1) * width), noiseSeeds: [seed] };
      outcomes.push(...(await outcomesOf(actor, alone)));
    }
    return outcomes;
  }
}

function failureOf(error: unknown): Failure {
  const { code, hint } = Problem.is(error) ? error : { code: 'policy-crashed', hint: undefined };
  return { code, message: messageOf(error), hint };
}

if (!isMainThread && isInferenceJob(workerData)) await serve(workerData);

/** Other threads, of test runners for example, import this module too. */
function isInferenceJob(value: unknown): value is InferenceJob {
  return typeof value === 'object' && value !== null && 'servableFolder' in value;
}
