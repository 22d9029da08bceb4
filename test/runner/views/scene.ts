import type { Fact, PlannedNode } from '../../../runner/log/events.ts';
import { type RunState, stateOf } from '../../../runner/log/state.ts';
import type { Frame } from '../../../runner/views/node-row.ts';
import { paint } from '../../../runner/views/paint.ts';

/** When every scene begins. */
export const startMs = Date.parse('2026-01-02T03:04:05.000Z');

export function node(address: string, more: Partial<PlannedNode> = {}): PlannedNode {
  return { address, label: address, task: address, type: 'call', needs: [], perItem: false, ...more };
}

/** The state after a run of these nodes has seen these facts, each at its second. */
export function stateAfter(nodes: readonly PlannedNode[], facts: readonly (readonly [number, Fact])[]): RunState {
  const started: Fact = {
    type: 'run-started',
    format: 1,
    run: '0007',
    pipeline: 'demo',
    params: {},
    graph: 'sha256:0',
    nodes,
    host: 'here',
    pid: 1,
    resumed: false,
  };
  const events = [[0, started] as const, ...facts].map(([second, fact]) => {
    return { time: new Date(startMs + second * 1000).toISOString(), ...fact };
  });
  return stateOf(events);
}

export function frame(more: Partial<Frame> = {}): Frame {
  return {
    now: startMs + 60_000,
    tick: 0,
    columns: 100,
    rows: 24,
    paint: paint(false),
    note: '',
    paceOf: () => undefined,
    ...more,
  };
}

export const queued = (address: string, reason = 'it never ran before', attempt = 1): Fact => ({
  type: 'node-queued',
  address,
  label: address,
  task: address,
  fingerprint: 'sha256:1',
  attempt,
  reason,
  job: `jobs/${address}.${attempt}`,
});
export const started = (address: string, attempt = 1): Fact => ({
  type: 'node-started',
  address,
  attempt,
  host: 'here',
});
export const finished = (address: string, seconds: number, changed = true): Fact => ({
  type: 'node-finished',
  address,
  fingerprint: 'sha256:1',
  seconds,
  changed,
});
export const cached = (address: string, cost: { seconds?: number; gpus?: number } = {}): Fact => ({
  type: 'node-cached',
  address,
  label: address,
  fingerprint: 'sha256:2',
  from: 'store',
  ...cost,
});
export const failed = (
  address: string,
  message: string,
  more: { willRetry?: boolean; hint?: string; attempt?: number } = {},
): Fact => ({
  type: 'node-failed',
  address,
  label: address,
  attempt: more.attempt ?? 1,
  seconds: 11_520,
  failure: { code: 'exit-code', message, ...(more.hint ? { hint: more.hint } : {}) },
  willRetry: more.willRetry ?? false,
});
export const skipped = (address: string, because: string): Fact => ({
  type: 'node-skipped',
  address,
  label: address,
  because,
});
export const ended = (status: 'succeeded' | 'failed' | 'cancelled', results: Record<string, unknown> = {}): Fact => ({
  type: 'run-finished',
  run: '0007',
  status,
  counts: { done: 0, cached: 0, failed: 0, skipped: 0 },
  seconds: 1,
  results,
});
