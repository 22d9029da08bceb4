import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Problem } from '../problem.ts';
import { writeWhole } from '../write-whole.ts';
import { sha256 } from './sha256.ts';
import type { Module, ModuleGraph, Modules } from './typescript-graph.ts';
import {
  fileBehind,
  isLinked,
  type Package,
  packageFinder,
  packageName,
  packageOf,
  type SeenFrom,
} from './typescript-packages.ts';
import { isCode, parseModules } from './typescript-parse.ts';

export { type Frozen, freeze } from './typescript-freeze.ts';
export type { ModuleGraph } from './typescript-graph.ts';

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
  const modules = readKept(kept, top) ?? keep(kept, top, parseModules(top, start, version));
  const lines = Object.entries(modules).map(([path, { bytes }]) => `${path} ${bytes}\n`);
  return { root: top, entry: start, modules, digest: sha256([version, top, start, ...lines].join('\n')) };
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
  return (file) => {
    const code = new Map<string, string>();
    const seen = new Set<string>();
    const waiting = [file];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (seen.has(next) || (next !== file && isFramework(next))) continue;
      seen.add(next);
      const { root, name, module } = find(next);
      code.set(name, module.digest);
      waiting.push(...Object.values(module.imports).map((path) => join(root, path)));
      for (const specifier of module.packages) {
        const inner = countedInside(dirname(next), specifier, { find, seenFrom, isFramework });
        if (inner) waiting.push(inner);
        else code.set(`npm:${packageName(specifier)}`, seenFrom(dirname(next), specifier)?.version ?? 'missing');
      }
    }
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

function countedInside(
  folder: string,
  specifier: string,
  { find, seenFrom, isFramework }: { find: Find; seenFrom: SeenFrom; isFramework: (file: string) => boolean },
): string | undefined {
  const owner = seenFrom(folder, specifier);
  if (!owner || (owner.name !== 'stet' && !isLinked(owner))) return undefined;
  const file = fileBehind(folder, specifier);
  if (!file || !isCode(file)) return undefined;
  if (isFramework(file)) return file;
  try {
    find(file);
    return file;
  } catch (error) {
    if (Problem.is(error)) return undefined; // a package that only Node can read counts by its version
    throw error;
  }
}

/** Finds modules in the project and, parsing them when first asked, in packages. */
function moduleFinder({ root, modules }: ModuleGraph, cacheFolder: string | undefined): Find {
  const scanned = new Map<string, Modules>();
  const inPackage = (owner: Package, path: string): Modules => {
    const kept = keptFile(cacheFolder, `${owner.root}\npackage`);
    const before = scanned.get(owner.root) ?? readKept(kept, owner.root);
    const all =
      before && Object.hasOwn(before, path)
        ? before
        : keep(kept, owner.root, { ...before, ...parseModules(owner.root, path, version) });
    scanned.set(owner.root, all);
    return all;
  };
  return (file) => {
    const own = modules[pathIn(root, file)];
    if (own) return { root, name: pathIn(root, file), module: own };
    const owner = packageOf(file);
    const path = owner && pathIn(owner.root, file);
    const module = owner && path && isCode(path) ? inPackage(owner, path)[path] : undefined;
    if (owner && module) return { root: owner.root, name: `npm:${owner.name}/${path}`, module };
    throw new Problem('unknown-code', `The code of ${file} is not known: it belongs to no project and no package.`);
  };
}

const pathIn = (root: string, file: string): string => relative(root, file).split(sep).join('/');

interface Kept {
  readonly modules: Modules;
  /** Names of code files by folder: a new one may take the place of what an import found before. */
  readonly folders: Readonly<Record<string, string>>;
}

function keptFile(cacheFolder: string | undefined, key: string): string | undefined {
  return cacheFolder && join(cacheFolder, `scan-${sha256(`${version}\n${key}`).slice(0, 32)}.json`);
}

function keep(file: string | undefined, root: string, modules: Modules): Modules {
  if (file === undefined) return modules;
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, JSON.stringify({ modules, folders: foldersOf(root, modules) } satisfies Kept));
  return modules;
}

function readKept(file: string | undefined, root: string): Modules | undefined {
  if (file === undefined) return undefined;
  try {
    const { modules, folders } = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    const isCurrent =
      Object.entries(modules).every(([path, { bytes }]) => sha256(readFileSync(join(root, path))) === bytes) &&
      Object.entries(folders).every(([folder, names]) => namesOf(join(root, folder)) === names);
    return isCurrent ? modules : undefined;
  } catch {
    return undefined; // no earlier scan, or one whose files have gone: the modules are parsed again
  }
}

/** Folders in which an import was looked up: those of the modules, and those above the folders of an index file. */
function foldersOf(root: string, modules: Modules): Record<string, string> {
  const paths = Object.keys(modules);
  const above = paths.filter((path) => /(^|\/)index\.[^/]+$/.test(path)).map((path) => dirname(dirname(path)));
  const folders = [...new Set([...paths.map((path) => dirname(path)), ...above])].sort();
  return Object.fromEntries(folders.map((folder) => [folder, namesOf(join(root, folder))]));
}

function namesOf(folder: string): string {
  const names = readdirSync(folder).filter((name) => isCode(name) || name.endsWith('.json'));
  return sha256(names.sort().join('\n'));
}
