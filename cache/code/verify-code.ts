import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { frozenFault, sealOf } from './frozen-list.ts';
import { listedFault, listOf } from './listed-files.ts';

/** Frozen code that is not as it was frozen. */
export interface WrongCode {
  readonly place: string;
  /** In words. */
  readonly what: string;
}

/**
 * Compares all frozen code in a folder with its lists. What a version of this program froze that wrote none cannot be checked, and
 * is made again before it is used.
 */
export function verifyCode(folder: string): WrongCode[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names.flatMap(({ name }) => {
    const place = join(folder, name);
    const isListed = existsSync(listOf(place));
    const what = isListed ? listedFault(place) : sealOf(place) === undefined ? undefined : frozenFault(place);
    return what === undefined ? [] : [{ place, what }];
  });
}
