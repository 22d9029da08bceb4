import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Exit, Job } from '../../runner/executors/executor.ts';

/** How a job ended, by its own exit record where there is one: as the runner judges it. */
export function judgedCode(job: Job, exit: Exit): Exit {
  const record = join(job.folder, 'exit.json');
  if (!existsSync(record)) return exit;
  const { code } = JSON.parse(readFileSync(record, 'utf8')) as { code: number };
  return { ...exit, code };
}
