import { createRequire } from 'node:module';
import type { Logger, pino as Pino } from 'pino';

/** What goes wrong or takes long, for whoever looks into a run later; facts are in its event log. */
export type Diagnostics = Pick<Logger, 'info' | 'error'>;

const require = createRequire(import.meta.url);

/**
 * Writes to `path`. The file is made, and the library loaded, with the first line: a run that starts no job needs neither.
 * Never throws: no run fails, and none stands still, for want of room for a line about it.
 */
export function openDiagnostics(path: string): Diagnostics {
  let logger: Logger | undefined;
  const open = (): Logger => {
    const { pino } = require('pino') as { pino: typeof Pino };
    const file = pino.destination({ dest: path, sync: true });
    file.on('error', () => {}); // the line is written with the next one, if there is room then
    return pino({ base: { pid: process.pid } }, file);
  };
  const write = (level: 'info' | 'error', args: Parameters<Logger['info']>): void => {
    try {
      logger ??= open();
      logger[level](...args);
    } catch {
      // The file cannot be made; it is tried again with the next line.
    }
  };
  return {
    info: (...args: Parameters<Logger['info']>) => write('info', args),
    error: (...args: Parameters<Logger['info']>) => write('error', args),
  };
}
