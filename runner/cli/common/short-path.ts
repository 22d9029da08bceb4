import { relative } from 'node:path';

/** Relative to where the person stands, unless that leads far away. */
export function shortPath(cwd: string, path: string): string {
  const near = relative(cwd, path);
  return near.startsWith('../../..') ? path : near || '.';
}
