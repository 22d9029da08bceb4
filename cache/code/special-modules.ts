import { closeSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openRegular } from '../regular-file.ts';

/*
 * esbuild opens what is imported by itself, and would wait for whoever writes to a pipe, or read a device for ever. So the relative
 * imports are followed here first, by their words alone: what is no file is all that is looked for.
 */

const specifierAt = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(['"])(\.{1,2}\/[^'"\n]*)\1/g;
const endings = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.jsx', '.json'];

/** Throws `not-a-file` when the module, or one that it reaches by relative imports, is a pipe, a device or a socket. */
export function refuseSpecialModules(entry: string): void {
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const [, , specifier = ''] of textOf(file).matchAll(specifierAt)) {
      for (const path of placesOf(join(dirname(file), specifier))) {
        if (!seen.has(path) && isThere(path)) seen.add(path);
      }
    }
  }
}

/** Where a specifier may lead: `./a.js` stands for `a.ts` too. */
function placesOf(path: string): string[] {
  const bare = path.replace(/\.([cm]?)jsx?$/, '');
  const own = [path, ...(bare === path ? [] : [bare])].flatMap((one) => endings.map((ending) => one + ending));
  return [...own, ...endings.map((ending) => join(path, `index${ending}`))];
}

function isThere(path: string): boolean {
  try {
    return !statSync(path).isDirectory();
  } catch {
    return false; // what cannot be looked at is not opened here; whoever imports it says so
  }
}

function textOf(path: string): string {
  const file = openRegular(path);
  try {
    return path.endsWith('.json') ? '' : readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}
