import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Starts the same command again as a driver in the background, for a run whose folder is there already. */
export function startDriver({ run, folder, cwd }: { run: string; folder: string; cwd: string }): void {
  const log = openSync(join(folder, 'driver.log'), 'a');
  const args = process.argv.slice(2).filter((arg) => arg !== '--detach');
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  const child = spawn(process.execPath, [main, ...args, '--numbered', run], {
    cwd,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
}
