import type { Event } from '../log/events.ts';
import type { RunState } from '../log/state.ts';
import { oneLine } from './columns.ts';
import type { Pace } from './node-row.ts';
import { acceptedInWords } from '../words/accepted.ts';
import { count, duration, metric } from '../words/quantities.ts';

/** One event in words, for logs of CI and Slurm; `state` is the state after it. The end of a run is told by its summary. */
export function plainLines(event: Event, state: RunState): string[] {
  const label = 'address' in event ? oneLine(state.nodes.get(event.address)?.label ?? event.address) : '';
  switch (event.type) {
    case 'run-started':
      return [
        `run ${event.run} of ${event.pipeline}${event.resumed ? ' goes on' : ''}: ${count(event.nodes.length, 'node')}`,
      ];
    case 'node-cached':
      return [`cached    ${label}${event.accepted ? `, ${oneLine(acceptedInWords(event.accepted))}` : ''}`];
    case 'node-awaited':
      return [`awaited   ${label}: ${oneLine(event.owner)} is making it`];
    case 'node-queued':
      return [`queued    ${label}${event.attempt > 1 ? `, attempt ${event.attempt}` : ''}: ${oneLine(event.reason)}`];
    case 'node-submitted':
    case 'node-accepted':
      return [];
    case 'node-requeued':
      return [`requeued  ${label}: ${oneLine(event.reason)}`];
    case 'driver-left':
      return [`left: ${count(event.jobs, 'job')} of run ${event.run} ${event.jobs === 1 ? 'goes' : 'go'} on`];
    case 'node-started':
      return [`started   ${label} on ${event.host}`];
    case 'item-released':
      return [`released  ${label}: ${event.output} ${event.key}`];
    case 'node-finished':
      return [`done      ${label} in ${duration(event.seconds)}${event.changed ? '' : ', same result as before'}`];
    case 'node-failed':
      if (event.failure.code === 'cancelled') return [`stopped   ${label}`];
      return [`failed    ${label}: ${oneLine(event.failure.message)}${event.willRetry ? ' (it is tried again)' : ''}`];
    case 'node-skipped':
      return [`skipped   ${label}: needs ${oneLine(state.nodes.get(event.because)?.label ?? event.because)}`];
    case 'service-ready':
      return [`ready     ${label} at ${event.url}`];
    case 'service-stopped':
      return [`stopped   ${label}`];
    case 'warning':
      return [`warning: ${event.message}`];
    case 'run-finished':
      return [];
    default:
      return unknownEvent(event);
  }
}

/** Where the running nodes stand, for whoever reads a log while the run goes on. */
export function heartbeatLines(state: RunState, paceOf: (address: string) => Pace | undefined): string[] {
  return [...state.nodes.values()].flatMap(({ phase, address, label }) => {
    const pace = phase === 'running' ? paceOf(address) : undefined;
    if (!pace || pace.total <= 0) return [];
    const metrics = Object.entries(pace.metrics ?? {}).map(([name, value]) => `, ${oneLine(name)} ${metric(value)}`);
    const left = pace.secondsLeft === undefined ? '' : `, ${duration(pace.secondsLeft)} left`;
    const share = Math.floor(Math.min(1, pace.done / pace.total) * 100);
    return [
      `running   ${oneLine(label)}: ${share} %, ${metric(pace.done)}/${metric(pace.total)} ${oneLine(pace.unit)}${metrics.join('')}${left}`,
    ];
  });
}

function unknownEvent(_event: never): string[] {
  return [];
}
