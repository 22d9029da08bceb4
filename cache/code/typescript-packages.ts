import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const versions = new Map<string, string>();

/** The installed version of a package as seen from a folder; `missing` when it is not installed. */
export function packageVersion(folder: string, name: string): string {
  const key = `${folder}\n${name}`;
  const known = versions.get(key) ?? findVersion(folder, name);
  versions.set(key, known);
  return known;
}

function findVersion(folder: string, name: string): string {
  const manifest = join(folder, 'node_modules', name, 'package.json');
  if (existsSync(manifest))
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version ?? 'unversioned';
  return folder === dirname(folder) ? 'missing' : packageVersion(dirname(folder), name);
}

/** `zod` of `zod/v4`, `@scope/name` of `@scope/name/part`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
