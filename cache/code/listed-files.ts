import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { isEntryPath } from '../border.ts';
import { isTable } from '../canonical-json.ts';
import { digestFileSync } from '../digest.ts';
import { readRegular } from '../regular-file.ts';

/** Where the digests of declared files lie that were copied to a folder: beside it, because a program starts inside and may write there. */
export function listOf(folder: string): string {
  return `${folder}.json`;
}

/** The first of the copied files that is not as it was copied, in words; undefined when all are. Other files do not count. */
export function listedFault(folder: string): string | undefined {
  let list: unknown;
  try {
    list = JSON.parse(readRegular(listOf(folder)));
  } catch {
    return 'its list is missing or damaged'; // then the copy is made again
  }
  if (!isTable(list) || Object.keys(list).length === 0) return 'its list is damaged';
  const path = Object.keys(list).find((one) => !isEntryPath(one) || !isSame(join(folder, one), list[one]));
  return path === undefined ? undefined : `${path} is gone, or has other content`;
}

function isSame(path: string, digest: unknown): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && digestFileSync(path) === digest;
}
