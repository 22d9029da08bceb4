import { mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Problem } from '../problem.ts';
import { readRegular, readRegularBytes } from '../regular-file.ts';
import { writeWhole } from '../write-whole.ts';
import { withEnvReads } from './env-reads.ts';
import { areAsTheyWere, type Places, placesOf } from './import-places.ts';
import { sha256 } from './sha256.ts';
import type { Module, ModuleGraph, Modules, Texts } from './typescript-graph.ts';
import {
  filesBehind,
  installedWith,
  isLinked,
  type Package,
  packageFinder,
  packageName,
  packageOf,
  type SeenFrom,
  specifiersOf,
  versionReader,
} from './typescript-packages.ts';
import { isCode, parseModules } from './typescript-parse.ts';

export { type Frozen, freeze } from './typescript-freeze.ts';
export type { EnvRead, ModuleGraph } from './typescript-graph.ts';

/** Counts in every digest, so that another way of reading TypeScript is another code. */
const version = 'typescript 1';

export interface ScanOptions {
  readonly root: string;
  /** Where the result of the last scan is kept, so that an unchanged program is hashed and not parsed. */
  readonly cacheFolder?: string | undefined;
}

/** The entry and all modules that it reaches by relative imports. Throws `pipeline-broken` for what does not parse or resolve. */
export function scanModules(entry: string, { root, cacheFolder }: ScanOptions): ModuleGraph {
  const top = resolve(root);
  const start = pathIn(top, resolve(entry));
  const kept = keptFile(cacheFolder, `${top}\n${start}`);
  const before = readKept(kept, top);
  const isLookedAt = before && Object.values(before.modules).every(({ env }) => env !== undefined);
  const { modules, texts } = isLookedAt ? before : keep(kept, top, withEnvReads(parseModules(top, start, version)));
  const lines = Object.entries(modules).map(([path, { bytes }]) => `${path} ${bytes}\n`);
  return { root: top, entry: start, modules, texts, digest: sha256([version, top, start, ...lines].join('\n')) };
}

export interface CodeOptions {
  /** Holds for files whose code does not count; not asked about the module itself. */
  readonly isFramework?: (file: string) => boolean;
  readonly cacheFolder?: string | undefined;
}

/**
 * What the result of a task that is defined in `file` depends on: digests of the module and of all that it reaches by path,
 * and versions of npm packages as `npm:name`.
 *
 * Where the file belongs to an installed package, and for linked packages and stet itself, the modules that are reached
 * inside of the package count, as `npm:name/path`, and not its version. Throws `unknown-code`.
 */
export function codeReader(
  graph: ModuleGraph,
  { isFramework = () => false, cacheFolder }: CodeOptions = {},
): (file: string) => Record<string, string> {
  const find = moduleFinder(graph, cacheFolder);
  const seenFrom = packageFinder();
  const versionOf = versionReader();
  return (file) => {
    const code = new Map<string, string>();
    const versions = new Map<string, Set<string>>();
    const take = (one: Package): void => {
      const known = versions.get(one.name) ?? new Set();
      versions.set(one.name, known.add(versionOf(one)));
    };
    const seen = new Set<string>();
    const waiting = [file];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next) || (next !== file && isFramework(next))) continue;
      seen.add(next);
      const { root, name, module } = find(next);
      code.set(name, module.digest);
      waiting.push(...Object.values(module.imports).map((path) => join(root, path)));
      for (const specifier of module.packages) {
        if (specifier.startsWith('file:')) {
          waiting.push(fileURLToPath(specifier));
          continue;
        }
        const inner = countedInside(dirname(next), specifier, { find, seenFrom, isFramework });
        const owner = seenFrom(dirname(next), specifier);
        if (inner) waiting.push(...inner);
        else if (owner) {
          for (const one of installedWith(owner, seenFrom)) {
            if (isLinked(one)) waiting.push(...codeOffered(one, { find, isFramework }));
            else take(one);
          }
        } else code.set(`npm:${packageName(specifier)}`, 'missing');
      }
    }
    for (const [name, known] of versions) code.set(`npm:${name}`, [...known].sort().join(', '));
    // stet itself is no ingredient: what a task uses of it has been followed above
    code.delete('npm:stet');
    return Object.fromEntries([...code].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
}

interface Found {
  readonly root: string;
  readonly name: string;
  readonly module: Module;
}
type Find = (file: string) => Found;

interface Reading {
  readonly find: Find;
  readonly isFramework: (file: string) => boolean;
}

/** The modules of stet or of a linked package that are followed; undefined when the version of the package counts. */
function countedInside(
  folder: string,
  specifier: string,
  { seenFrom, ...reading }: Reading & { seenFrom: SeenFrom },
): string[] | undefined {
  const owner = seenFrom(folder, specifier);
  if (!owner) return undefined;
  if (owner.name !== 'stet') return isLinked(owner) ? codeBehind(owner, folder, specifier, reading) : undefined;
  try {
    return codeBehind(owner, folder, specifier, reading);
  } catch (error) {
    if (Problem.is(error)) return undefined; // stet itself is no ingredient
    throw error;
  }
}

/** All that a package may import of one that is linked. */
function codeOffered(one: Package, reading: Reading): string[] {
  return specifiersOf(one).flatMap((specifier) => {
    const files = filesBehind(one, one.root, specifier);
    const isAsset = files.length > 0 && !files.some(isReadable);
    return isAsset ? [] : codeBehind(one, one.root, specifier, reading);
  });
}

function codeBehind(owner: Package, folder: string, specifier: string, { find, isFramework }: Reading): string[] {
  const files = filesBehind(owner, folder, specifier);
  try {
    if (files.length === 0) throw new Problem('unknown-code', `nothing of ${owner.root} answers to it.`);
    for (const file of files) if (!isFramework(file)) find(file);
    return files;
  } catch (cause) {
    if (!Problem.is(cause)) throw cause;
    throw new Problem(
      'linked-code-unknown',
      `The code of ${specifier}, a package that is linked to ${owner.root}, cannot be read: ${cause.message}`,
      {
        hint: 'A linked package may change without a new version, so its code counts. Build it, install it as a package, or give the tasks that use it a `version`.',
        cause,
      },
    );
  }
}

/** Finds modules in the project and, parsing them when first asked, in packages. */
function moduleFinder({ root, modules }: ModuleGraph, cacheFolder: string | undefined): Find {
  const scanned = new Map<string, Modules>();
  const inPackage = (owner: Package, path: string): Modules => {
    const kept = keptFile(cacheFolder, `${owner.root}\npackage`);
    const before = scanned.get(owner.root) ?? readKept(kept, owner.root)?.modules;
    const all = before && Object.hasOwn(before, path) ? before : parsed(owner.root, path, before, kept);
    scanned.set(owner.root, all);
    return all;
  };
  return (file) => {
    const own = modules[pathIn(root, file)];
    if (own) return { root, name: pathIn(root, file), module: own };
    const owner = packageOf(file);
    const path = owner && pathIn(owner.root, file);
    const module = owner && path && isReadable(path) ? inPackage(owner, path)[path] : undefined;
    if (owner && module) return { root: owner.root, name: `npm:${owner.name}/${path}`, module };
    throw new Problem('unknown-code', `The code of ${file} is not known: it belongs to no project and no package.`);
  };
}

function parsed(root: string, path: string, before: Modules | undefined, kept: string | undefined): Modules {
  const { modules, texts } = parseModules(root, path, version);
  return keep(kept, root, { modules: { ...before, ...modules }, texts }).modules;
}

const isReadable = (path: string): boolean => isCode(path) || path.endsWith('.json');
const pathIn = (root: string, file: string): string => relative(root, file).split(sep).join('/');

interface Kept {
  readonly modules: Modules;
  /** What stood where imports were looked up: another file may have taken the place of what was found. */
  readonly places: Places;
}

function keptFile(cacheFolder: string | undefined, key: string): string | undefined {
  return cacheFolder && join(cacheFolder, `scan-${sha256(`${version}\n${key}`).slice(0, 32)}.json`);
}

interface Read {
  readonly modules: Modules;
  readonly texts: Texts;
}

function keep(file: string | undefined, root: string, read: Read): Read {
  if (file === undefined) return read;
  const { modules } = read;
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, JSON.stringify({ modules, places: placesOf(root, modules) } satisfies Kept));
  return read;
}

function readKept(file: string | undefined, root: string): Read | undefined {
  if (file === undefined) return undefined;
  try {
    const { modules, places } = JSON.parse(readRegular(file)) as Kept;
    const texts = new Map(Object.keys(modules).map((path) => [path, readRegularBytes(join(root, path))]));
    const isCurrent =
      Object.entries(modules).every(([path, { bytes }]) => sha256(texts.get(path) ?? '') === bytes) &&
      areAsTheyWere(root, places);
    return isCurrent ? { modules, texts } : undefined;
  } catch {
    return undefined; // no earlier scan, or one whose files have gone: the modules are parsed again
  }
}
