import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileProblem } from './file-problem.ts';

let sequence = 0;

/** Replaces a file so that a reader sees the old text or the new one, never a part. */
export function writeWhole(path: string, text: string): void {
  const aside = `${path}.${process.pid}-${(sequence += 1)}.tmp`;
  try {
    writeFileSync(aside, text);
    renameSync(aside, path);
  } catch (cause) {
    rmSync(aside, { force: true });
    throw fileProblem(cause, path);
  }
}
