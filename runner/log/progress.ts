import { appendFileSync, closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../tasks/core/spec.ts';

/** Longest line that is looked for at the end of the file. */
const tailBytes = 4096;

/**
 * The newest progress of a job, from `progress.jsonl` in its folder. Any program may write there: one JSON object a line, with
 * `done`, `total`, `unit` and `metrics`, at the path in `STET_PROGRESS`.
 */
export function readProgress(jobFolder: string): Progress | undefined {
  const path = join(jobFolder, 'progress.jsonl');
  try {
    const { size } = statSync(path);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const file = openSync(path, 'r');
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    closeSync(file);
    const whole = buffer.toString('utf8').split('\n').slice(0, -1);
    return parseProgress(whole.at(-1) ?? '');
  } catch {
    return undefined; // none was reported
  }
}

export function progressWriter(jobFolder: string): (progress: Progress) => void {
  const path = join(jobFolder, 'progress.jsonl');
  let last = 0;
  return (progress) => {
    const now = performance.now();
    if (now - last < 200 && progress.done < progress.total) return;
    last = now;
    appendFileSync(path, `${JSON.stringify(progress)}\n`);
  };
}

function parseProgress(line: string): Progress | undefined {
  const value = JSON.parse(line) as Partial<Progress>;
  if (typeof value.done !== 'number' || typeof value.total !== 'number') return undefined;
  return {
    done: value.done,
    total: value.total,
    unit: value.unit ?? '',
    ...(value.metrics ? { metrics: value.metrics } : {}),
  };
}
