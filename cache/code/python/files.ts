import { type Dirent, readdirSync, statSync } from 'node:fs';
import { readRegular } from '../../regular-file.ts';

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Sorted; empty for what is no folder, or may not be read. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // nothing is found there, which is all that is asked
  }
}

/** Undefined for what cannot be read. */
export function textAt(path: string): string | undefined {
  try {
    return readRegular(path);
  } catch {
    return undefined; // nothing is said there, which is all that is asked
  }
}
