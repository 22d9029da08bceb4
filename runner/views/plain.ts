import { Lines } from '../files/lines.ts';
import type { Io } from './io.ts';
import { newState, type RunState } from '../log/state.ts';
import type { Pace } from './node-row.ts';
import { heartbeatLines, plainLines } from './plain-lines.ts';
import type { RunView } from './run-view.ts';

/** Between two reports on running nodes, in milliseconds: seldom enough for a log that somebody reads the next day. */
const heartbeatMs = 60_000;

/** So many lines may wait to be printed together. */
const mostHeldBack = 100;

/** Plain lines, one per event, for pipes, CI and Slurm. */
export function plainView(
  io: Pick<Io, 'print' | 'warn' | 'stderr'>,
  paceOf: (address: string) => Pace | undefined,
): RunView {
  let state: RunState = newState();
  const lines = new Lines((text) => io.print(text.slice(0, -1)), mostHeldBack);
  const heartbeat = setInterval(() => {
    for (const line of heartbeatLines(state, paceOf)) lines.add(line);
  }, heartbeatMs);
  // What is said on standard error stands after what was printed before it.
  const warn = (message: string): void => {
    lines.flush();
    io.warn(message);
  };
  return {
    onEvent: (event, after) => {
      state = after;
      if (event.type === 'warning') warn(event.message);
      else for (const line of plainLines(event, after)) lines.add(line);
    },
    warn,
    note: (message) => {
      lines.flush();
      io.stderr.write(`${message}\n`);
    },
    close: (summary) => {
      clearInterval(heartbeat);
      for (const line of summary) lines.add(line);
      lines.flush();
    },
  };
}
