import { tmpdir } from 'node:os';
import { join } from 'node:path';

const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'];

/** Names of what every job sees, whatever it declares. */
export const jobVariables: readonly string[] = [...kept, 'TMPDIR', 'STET_JOB', 'STET_PROGRESS'];

/** What every job inherits of the driver's environment, wherever it runs. */
export function inheritedEnvironment(): Record<string, string> {
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return Object.fromEntries(given) as Record<string, string>;
}

/** What every job on this machine sees besides its declared environment: declared or absent. */
export function baseEnvironment(jobFolder: string): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    TMPDIR: tmpdir(),
    STET_JOB: jobFolder,
    STET_PROGRESS: join(jobFolder, 'progress.jsonl'),
  };
}
