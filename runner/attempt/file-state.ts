import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../cache/file-problem.ts';

/**
 * What the file system says of a file, or of all that lies below a folder: a text that differs once anything there has
 * changed. Undefined when it is going away while it is looked at, or is gone.
 */
export function fileStateOf(path: string): string | undefined {
  try {
    const inside = lstatSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort() : [];
    return JSON.stringify(['', ...inside].map((name) => [name, ...factsOf(join(path, name))]));
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

function factsOf(path: string): string[] {
  const { size, mtimeNs, ino } = lstatSync(path, { bigint: true });
  return [size, mtimeNs, ino].map(String);
}
