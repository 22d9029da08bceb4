import { hostname } from 'node:os';
import type { NodeRecord } from '../../cache/records.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import type { Point } from '../../pipelines/core/overrides.ts';
import { isRef, type Ref } from '../../tasks/core/ref.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import { eventFormat, type Fact, type PlannedNode, type RunStatus } from '../log/events.ts';
import type { Output } from '../values/output.ts';
import { digestsOf } from '../keys/declared-type.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { countsOf, type RunState } from '../log/state.ts';
import { storedOutput, toStored } from '../values/stored.ts';

/** What is run: a pipeline with its parameters, or with several choices of them. */
interface Ran {
  readonly graph: Graph;
  readonly pipelineName: string;
  readonly points: readonly Point[];
}

interface RunPlace {
  readonly run: string;
  readonly resumed: boolean;
  readonly only: ReadonlySet<string> | undefined;
}

/** The first fact of a run: what it is about to do, so that its log can be read without its pipeline. */
export function runStarted({ graph, pipelineName, points }: Ran, { run, resumed, only }: RunPlace): Fact {
  const nodes = graph.order
    .filter(({ address }) => only?.has(address) ?? true)
    .map(({ address, label, node, needs, scope }): PlannedNode => {
      const task = 'spec' in node ? node.spec.name : node.type;
      return { address, label, task, type: node.type, needs, perItem: scope.length > 0 };
    });
  return {
    type: 'run-started',
    format: eventFormat,
    run,
    pipeline: pipelineName,
    params: points.length === 1 ? points[0]?.params : points,
    graph: graph.digest,
    nodes,
    host: hostname(),
    pid: process.pid,
    resumed,
  };
}

/** The last fact of a run. */
export function runFinished(
  state: RunState,
  results: Readonly<Record<string, unknown>>,
  { run, seconds, isCancelled }: { run: string; seconds: number; isCancelled: boolean },
): Fact {
  const counts = countsOf(state);
  const failed = counts.failed > 0 || counts.skipped > 0;
  const status: RunStatus = isCancelled ? 'cancelled' : failed ? 'failed' : 'succeeded';
  return { type: 'run-finished', run, status, counts, seconds, results };
}

/** What is known of outputs so far. */
interface Known {
  output(ref: Ref<unknown>): Output | undefined;
  value(structure: unknown): unknown;
}

/** The wanted results that exist, by name. A pipeline that wants one nameless thing has it as `result`. */
export function resultsOf(wanted: unknown, dataflow: Known): Record<string, unknown> {
  const named: Record<string, unknown> =
    isRef(wanted) || Array.isArray(wanted) ? { result: wanted } : (wanted as Record<string, unknown>);
  const results = Object.entries(named).flatMap(([name, structure]) => {
    const output = isRef(structure) ? dataflow.output(structure) : undefined;
    if (output) return [[name, storedOutput(output)] as const];
    const value = dataflow.value(structure);
    return value === undefined ? [] : [[name, toStored(value)] as const];
  });
  return Object.fromEntries(results);
}

/** What is remembered of a node that ended well. */
export function recordOf(
  { instance, fingerprint, recipe, types }: KeyedCall,
  outputs: Readonly<Record<string, Output>>,
  { attempt, seconds, held }: AttemptEnd,
  run: string,
): NodeRecord {
  const finishedAt = new Date();
  return {
    format: 1,
    fingerprint,
    recipe,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, storedOutput(output)])),
    types: digestsOf(types),
    provenance: {
      run,
      node: instance.label,
      host: hostname(),
      startedAt: new Date(finishedAt.getTime() - seconds * 1000).toISOString(),
      finishedAt: finishedAt.toISOString(),
      seconds,
      attempts: attempt,
      ...held,
    },
  };
}
