import { join } from 'node:path';
import { isTable } from '../../cache/canonical-json.ts';
import type { Progress } from '../../tasks/core/spec.ts';
import { appendJsonLine, lastJsonLine } from '../files/json-lines.ts';

/** So much of the file is looked at, from its end. */
const tailBytes = 4096;
/** Reports that come faster are left out, in milliseconds. */
const writeMs = 200;

/**
 * The newest progress of a job, from `progress.jsonl` in its folder. Any program may write there: one JSON object a line, with
 * `done`, `total`, `unit` and `metrics`, at the path in `STET_PROGRESS`.
 */
export function readProgress(jobFolder: string): Progress | undefined {
  return lastJsonLine(pathIn(jobFolder), tailBytes, asProgress);
}

export function progressWriter(jobFolder: string): (progress: Progress) => void {
  const path = pathIn(jobFolder);
  let last = 0;
  return (progress) => {
    const now = performance.now();
    if (now - last < writeMs && progress.done < progress.total) return;
    last = now;
    appendJsonLine(path, progress);
  };
}

function asProgress(value: unknown): Progress | undefined {
  if (!isTable(value)) return undefined;
  const { done, total, unit = '', metrics } = value as Partial<Progress>;
  return typeof done === 'number' && typeof total === 'number' ? { done, total, unit, metrics } : undefined;
}

function pathIn(jobFolder: string): string {
  return join(jobFolder, 'progress.jsonl');
}
