import type { Cost } from '../log/events.ts';
import { costsOf, type RunState, type Saved } from '../log/state.ts';
import { hours } from './cluster-words.ts';
import type { Paint } from './paint.ts';
import { duration } from '../words/quantities.ts';
import { table } from './table.ts';

/** Tasks that cost less are told together. */
const tasksShown = 8;

/**
 * What a run's jobs on a cluster have cost, a row for each task: what they held, and what they used of it where that is known;
 * and what was found in the store instead.
 */
export function costLines(state: RunState, { dim }: Paint): string[] {
  const byTask = new Map<string, Cost[]>();
  for (const { task, cost } of costsOf(state)) {
    const costs = byTask.get(task);
    if (costs) costs.push(cost);
    else byTask.set(task, [cost]);
  }
  if (byTask.size === 0) return [];
  const rows = [...byTask].map(([task, costs]) => ({ task, costs })).sort((a, b) => weight(b.costs) - weight(a.costs));
  const [shown, rest] = [rows.slice(0, tasksShown), rows.slice(tasksShown)];
  const all = [
    ...shown,
    ...(rest.length > 0 ? [{ task: `${rest.length} more tasks`, costs: rest.flatMap(({ costs }) => costs) }] : []),
  ];
  const total = rows.length > 1 ? [{ task: 'all', costs: rows.flatMap(({ costs }) => costs) }] : [];
  const heads = ['cost', 'jobs', 'time', 'GPU h', 'CPU h', 'CPU used', 'memory used'].map(dim);
  return table([heads, ...[...all, ...total].map(row), ...savedRow(state.saved)]).map((line) => `  ${line}`);
}

/** The same for what did not have to run again. */
function savedRow({ nodes, seconds, gpuSeconds, cpuSeconds }: Saved): string[][] {
  if (nodes === 0) return [];
  return [['saved by the cache', String(nodes), duration(seconds), hours(gpuSeconds), hours(cpuSeconds), '', '']];
}

function row({ task, costs }: { task: string; costs: readonly Cost[] }): string[] {
  const seconds = sum(costs, (cost) => cost.seconds);
  const cpuSeconds = sum(costs, ({ cpus, seconds: each }) => cpus * each);
  const measured = costs.filter((cost) => cost.cpuSeconds !== undefined);
  const heldOfMeasured = sum(measured, ({ cpus, seconds: each }) => cpus * each);
  const used = sum(measured, (cost) => cost.cpuSeconds ?? 0);
  return [
    task,
    String(costs.length),
    duration(seconds),
    hours(sum(costs, ({ gpus, seconds: each }) => gpus * each)),
    hours(cpuSeconds),
    heldOfMeasured > 0 ? `${Math.round((used / heldOfMeasured) * 100)} %` : '',
    memoryWords(costs),
  ];
}

function memoryWords(costs: readonly Cost[]): string {
  const peak = Math.max(0, ...costs.map(({ peakMemoryGb = 0 }) => peakMemoryGb));
  const asked = Math.max(0, ...costs.map(({ memoryGb = 0 }) => memoryGb));
  const of = asked > 0 ? `of ${asked} GB` : '';
  if (peak === 0) return of === '' ? '' : `? ${of}`;
  return `${peak.toFixed(1)} GB ${of}`.trim();
}

function weight(costs: readonly Cost[]): number {
  return sum(costs, ({ gpus, cpus, seconds }) => (gpus * 1000 + cpus) * seconds);
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
