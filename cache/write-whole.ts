import { dirname } from 'node:path';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncNow } from './durable.ts';
import { fileProblem } from './file-problem.ts';

let sequence = 0;

/**
 * Replaces a file so that a reader sees the old text or the new one, never a part. With `lasting` that holds also after a loss of power,
 * and what was there when this returned is there then.
 */
export function writeWhole(path: string, text: string, { lasting = false }: { lasting?: boolean } = {}): void {
  const aside = `${path}.${process.pid}-${(sequence += 1)}.tmp`;
  try {
    writeFileSync(aside, text);
    if (lasting) syncNow(aside);
    renameSync(aside, path);
    if (lasting) syncNow(dirname(path));
  } catch (cause) {
    rmSync(aside, { force: true });
    throw fileProblem(cause, path);
  }
}
