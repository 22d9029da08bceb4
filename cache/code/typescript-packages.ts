import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

export interface Package {
  readonly name: string;
  /** Real, without links. */
  readonly root: string;
  readonly version: string;
}

/** The package that a file belongs to: its nearest ancestor with a named manifest. */
export function packageOf(file: string): Package | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const found = packageAt(folder);
    if (found) return found;
  }
  return undefined;
}

export type SeenFrom = (folder: string, specifier: string) => Package | undefined;

/** Looks each package up once: many modules import the same few. */
export function packageFinder(): SeenFrom {
  const known = new Map<string, Package | undefined>();
  return (folder, specifier) => {
    const key = `${folder}\n${packageName(specifier)}`;
    if (!known.has(key)) known.set(key, packageSeenFrom(folder, specifier));
    return known.get(key);
  };
}

/** The package that a module in `folder` gets by a specifier; undefined when it is not installed. */
function packageSeenFrom(folder: string, specifier: string): Package | undefined {
  const name = packageName(specifier);
  for (let place = folder; ; place = dirname(place)) {
    const installed = join(place, 'node_modules', name);
    if (existsSync(join(installed, 'package.json'))) {
      const found = packageAt(realpathSync(installed));
      return found && { ...found, name };
    }
    if (place === dirname(place)) return undefined;
  }
}

/** A package that lies outside of every `node_modules`, as in a workspace, changes without a new version. */
export function isLinked({ root }: Package): boolean {
  return !root.split(sep).includes('node_modules');
}

/** The real file that a module in `folder` gets by a specifier; undefined when that cannot be told. */
export function fileBehind(folder: string, specifier: string): string | undefined {
  try {
    return realpathSync(createRequire(join(folder, 'importer.js')).resolve(specifier));
  } catch {
    return undefined; // not installed, or exported to `import` alone: the caller falls back to the version
  }
}

function packageAt(folder: string): Package | undefined {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string; version?: string };
  return name === undefined ? undefined : { name, root: folder, version: version ?? 'unversioned' };
}

/** `zod` of `zod/v4`, `@scope/name` of `@scope/name/part`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
