import type { Io } from './io.ts';
import { newState, type RunState } from '../log/state.ts';
import type { Pace } from './node-row.ts';
import { heartbeatLines, plainLines } from './plain-lines.ts';
import type { RunView } from './run-view.ts';

/** Between two reports on running nodes, in milliseconds: seldom enough for a log that somebody reads the next day. */
const heartbeatMs = 60_000;

/** Plain lines, one per event, for pipes, CI and Slurm. */
export function plainView(
  io: Pick<Io, 'print' | 'warn' | 'stderr'>,
  paceOf: (address: string) => Pace | undefined,
): RunView {
  let state: RunState = newState();
  const heartbeat = setInterval(() => {
    for (const line of heartbeatLines(state, paceOf)) io.print(line);
  }, heartbeatMs);
  return {
    onEvent: (event, after) => {
      state = after;
      if (event.type === 'warning') io.warn(event.message);
      else for (const line of plainLines(event, after)) io.print(line);
    },
    warn: (message) => io.warn(message),
    note: (message) => io.stderr.write(`${message}\n`),
    close: (summary) => {
      clearInterval(heartbeat);
      for (const line of summary) io.print(line);
    },
  };
}
