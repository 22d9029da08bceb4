import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';

/** The path of a file of openpi's golden data. */
export function goldenPath(name: string): string {
  return join(packageRoot(), 'test/golden/openpi', name);
}

/** Its content. The shape is the reader's to know. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(goldenPath(name), 'utf8')) as T;
}

/** Six episodes in the layout of DROID 1.0.1. */
export const droidFolder = goldenPath('droid_rlds/tfds/droid/1.0.1');
