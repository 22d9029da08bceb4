import type { ServiceNode } from '../../tasks/core/node.ts';
import type { Readiness } from '../../tasks/core/spec.ts';
import type { Failure } from '../log/events.ts';
import { readinessInWords } from './readiness.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { StagedJob } from '../job/staged-job.ts';

/** Ports that others took before the program could listen there. */
export const mostConflicts = 5;
/** A server that dies may be seen to do so a little after the consumer that it takes with it, in milliseconds. */
export const dyingMs = 300;

/**
 * A service in this run:
 *
 *     down ──asked for──▶ starting ──ready──▶ up ──nobody wants it──▶ stopping ──ended──▶ down
 *      ▲                     │                │
 *      ├──── tries left ─────┤                │
 *      └─────────────────────┼─── it died ────┘
 *                            └── no tries left ──▶ failed
 */
export interface Service {
  readonly call: KeyedCall;
  phase: 'down' | 'starting' | 'up' | 'stopping' | 'failed';
  life: Life | undefined;
  attempt: number;
  conflicts: number;
  failures: number;
  /** Addresses of consumers that run. */
  readonly borrowers: Set<string>;
}

/** From a start to its end. */
export interface Life {
  readonly service: Service;
  readonly job: StagedJob;
  readonly port: number;
  readonly url: string;
  readonly startedAt: number;
  /** No longer waited for. */
  readonly settled: AbortController;
  readonly ended: Promise<void>;
  readonly end: () => void;
  group: number | undefined;
  isStopping: boolean;
  isConflict: boolean;
  failure: Failure | undefined;
  /** Of what it died while it was up. */
  death: string | undefined;
}

/** A service that was never asked for. */
export function asleep(): Omit<Service, 'call'> {
  return {
    phase: 'down',
    life: undefined,
    attempt: 0,
    conflicts: 0,
    failures: 0,
    borrowers: new Set(),
  };
}

export function newLife(service: Service, job: StagedJob, port: number, url: string): Life {
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  return {
    service,
    job,
    port,
    url,
    startedAt: performance.now(),
    settled: new AbortController(),
    ended,
    end,
    group: undefined,
    isStopping: false,
    isConflict: false,
    failure: undefined,
    death: undefined,
  };
}

export function failedFact({ call, attempt }: Service, failure: Failure, life: Life | undefined, seconds: number) {
  const { address, label } = call.instance;
  const log = life ? { log: `${life.job.id}/log.txt` } : {};
  return { type: 'node-failed' as const, address, label, failure, attempt, seconds, ...log };
}

export function portTaken(port: number): Failure {
  return { code: 'port-taken', message: `Port ${port} was taken by another program before it could listen there.` };
}

export function notReady(ready: Readiness): Failure {
  const message = `It was not ready within ${ready.withinSeconds} s: ${readinessInWords(ready)}.`;
  return { code: 'not-ready', message };
}

export function nodeOf({ instance }: KeyedCall): ServiceNode {
  return instance.of.node as ServiceNode;
}
