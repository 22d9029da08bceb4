import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { readRegular } from '../regular-file.ts';
import { exportedFile, exportedNames } from './package-exports.ts';

export interface Package {
  readonly name: string;
  /** Real, without links. */
  readonly root: string;
  readonly version: string;
  /** Names of the packages that it may use. */
  readonly needs: readonly string[];
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

/** The real files of a package that a module in `folder` gets by a specifier, as Node's loader has it: by `import`, and by `require` where that is another. */
export function filesBehind({ root }: Package, folder: string, specifier: string): string[] {
  const { exports } = manifestAt(root) ?? {};
  if (exports === undefined || exports === null)
    return real(() => createRequire(join(folder, 'importer.js')).resolve(specifier));
  const subpath = `.${specifier.slice(packageName(specifier).length)}`;
  const files = (['import', 'require'] as const).map((way) => exportedFile(exports, subpath, way));
  return [...new Set(files.flatMap((file) => (file === undefined ? [] : real(() => join(root, file)))))];
}

function real(path: () => string): string[] {
  try {
    return [realpathSync(path())];
  } catch {
    return []; // not there: the caller says so
  }
}

/** By what another package may import one, as far as its manifest lists that. */
export function specifiersOf({ root, name }: Package): string[] {
  return exportedNames(manifestAt(root)?.exports).map((subpath) => name + subpath.slice(1));
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
}

function manifestAt(folder: string): Manifest | undefined {
  const manifest = join(folder, 'package.json');
  return existsSync(manifest) ? (JSON.parse(readRegular(manifest)) as Manifest) : undefined;
}

function packageAt(folder: string): Package | undefined {
  const { name, version, dependencies, optionalDependencies, peerDependencies } = manifestAt(folder) ?? {};
  if (name === undefined) return undefined;
  const needs = Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies });
  return { name, root: folder, version: version ?? 'unversioned', needs };
}

/** A package and all that it may use, as far as that is installed, each once; of linked ones not what they use themselves. */
export function installedWith(top: Package, seenFrom: SeenFrom): Package[] {
  const found = new Map([[top.root, top]]);
  for (const one of found.values()) {
    const { root, needs } = one;
    for (const name of isLinked(one) ? [] : needs) {
      if (name === 'stet') continue; // what tasks are written with
      const needed = seenFrom(root, name); // optional ones and those of peers may be absent
      if (needed && !found.has(needed.root)) found.set(needed.root, needed);
    }
  }
  return [...found.values()];
}

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
}

/** Says by what installed packages count: by version, and where that says nothing by what the lock file has of their content. */
export function versionReader(): (one: Package) => string {
  const locks = new Map<string, Readonly<Record<string, Locked>>>();
  return ({ root, version }) => {
    const at = root.split(sep).indexOf('node_modules');
    const home = root.split(sep).slice(0, at).join(sep);
    const lock = locks.get(home) ?? unregistered(join(home, 'node_modules', '.package-lock.json'));
    locks.set(home, lock);
    const locked =
      lock[
        root
          .slice(home.length + 1)
          .split(sep)
          .join('/')
      ];
    return locked ? `${version} ${locked.integrity ?? locked.resolved}` : version;
  };
}

/** Where registries keep archives: there a version never gets other content. */
const ofRegistry = /\/-\/[^/]+\.tgz$/;

/** What npm installed from elsewhere: repositories, archives, folders. */
function unregistered(file: string): Readonly<Record<string, Locked>> {
  if (!existsSync(file)) return {};
  const text = readRegular(file);
  const places = [...text.matchAll(/"resolved":\s*"([^"]*)"/g)];
  if (places.every(([, place = '']) => ofRegistry.test(place))) return {};
  const { packages = {} } = JSON.parse(text) as { packages?: Record<string, Locked> };
  return Object.fromEntries(
    Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined && !ofRegistry.test(resolved)),
  );
}

/** `zod` of `zod/v4`, `@scope/name` of `@scope/name/part`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
