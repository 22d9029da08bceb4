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
  const list = listIn(folder);
  if (list === undefined) return 'its list is missing or damaged'; // then the copy is made again
  if (Object.keys(list).length === 0) return 'its list is damaged';
  return changeIn(folder, list);
}

/** The same of a folder that may have been removed, which changes nothing for who has read it. */
export function listedChange(folder: string): string | undefined {
  const list = listIn(folder);
  return list && changeIn(folder, list);
}

function changeIn(folder: string, list: Readonly<Record<string, unknown>>): string | undefined {
  const path = Object.keys(list).find((one) => !isEntryPath(one) || !isSame(join(folder, one), list[one]));
  return path === undefined ? undefined : `${path} is gone, or has other content`;
}

function listIn(folder: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const list: unknown = JSON.parse(readRegular(listOf(folder)));
    return isTable(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isSame(path: string, digest: unknown): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && digestFileSync(path) === digest;
}
