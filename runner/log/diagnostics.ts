import { createRequire } from 'node:module';
import type { Logger, pino as Pino } from 'pino';

/** What goes wrong or takes long, for whoever looks into a run later; facts are in its event log. */
export type Diagnostics = Pick<Logger, 'info' | 'error'>;

const require = createRequire(import.meta.url);

/** Writes to `path`. The file is made, and the library loaded, with the first line: a run that starts no job needs neither. */
export function openDiagnostics(path: string): Diagnostics {
  let logger: Logger | undefined;
  const open = (): Logger => {
    const { pino } = require('pino') as { pino: typeof Pino };
    return pino({ base: { pid: process.pid } }, pino.destination({ dest: path, sync: true }));
  };
  return {
    get info() {
      logger ??= open();
      return logger.info.bind(logger);
    },
    get error() {
      logger ??= open();
      return logger.error.bind(logger);
    },
  };
}
