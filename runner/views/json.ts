import type { Io } from './io.ts';
import type { RunView } from './run-view.ts';

/** One event a line on standard output, for programs; warnings go to standard error. */
export function jsonView(io: Pick<Io, 'print' | 'warn' | 'stderr'>): RunView {
  return {
    onEvent: (event) => io.print(JSON.stringify(event)),
    warn: (message) => io.warn(message),
    note: (message) => io.stderr.write(`${message}\n`),
    close: () => {},
  };
}
