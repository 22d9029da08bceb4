import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';

/** A JSON file below `test/golden`. The shape is the reader's to know. */
export function goldenJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(packageRoot(), 'test/golden', name), 'utf8')) as T;
}
