import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyFolder } from './copy-folder.ts';

/** What a copy of a job wrote down of itself when it began. */
export interface Begin {
  /** Of the array, for an element. */
  readonly id: string;
  readonly index: number | undefined;
  /** As the cluster calls it. */
  readonly node: string;
}

/** Undefined when it has not begun, or could not say more on a full disk. */
export function readBegin(folder: string, copy: number): Begin | undefined {
  const [, id, index, node = ''] = /^(\d+) (\d+|-) (\S*)/.exec(textIn(join(folder, `begun.${copy}`))) ?? [];
  return id === undefined ? undefined : { id, index: index === '-' ? undefined : Number(index), node };
}

/** The last sign of life of a copy: another than before means that it lives. Empty when there is none. */
export function readBeat(folder: string, copy: number): string {
  return textIn(join(copyFolder(folder, copy), 'beat'));
}

/** Opened each time: a shared file system then asks for what is there now. */
function textIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not there yet, or a driver's folder in its place
  }
}
