import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { type Digest, digestBytes } from '../digest.ts';
import { messageOf, Problem } from '../problem.ts';
import { type PythonImport, pythonMeaning } from './python-meaning.ts';

/** Counts in every digest, so that another way of reading Python is another code. */
const version = 'python 1';

export interface PythonClosure {
  /** By path relative to the root, with `/`, sorted. */
  digests: Record<string, Digest>;
  /** Imports that could lead anywhere, and files that the parser knows only in part, in words. */
  unfollowed: string[];
}

/** Digests, by meaning, of a Python file and of all that it imports from below `root`. */
export async function pythonDigests(root: string, entry: string): Promise<Readonly<Record<string, Digest>>> {
  return (await pythonClosure(root, entry)).digests;
}

/**
 * The same with what could not be followed. Modules are looked for below `root`, `root/src` and the entry's folder; what
 * is found in none of them is a package, which a lock file among `code` covers. Throws `no-code-files` without the entry.
 */
export async function pythonClosure(root: string, entry: string): Promise<PythonClosure> {
  const top = resolve(root);
  const start = resolve(top, entry);
  if (!isFile(start)) {
    throw new Problem('no-code-files', `There is no ${entry} in ${root}.`, {
      hint: 'The path in python(…) is relative to the folder of the project.',
    });
  }
  const searched = [...new Set([dirname(start), top, join(top, 'src')])].filter((folder) => existsSync(folder));
  const digests = new Map<string, Digest>();
  const unfollowed: string[] = [];
  const waiting = [start];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const name = relative(top, path).split(sep).join('/');
    if (digests.has(name)) continue;
    const { text, imports, dynamic, isPartlyParsed } = pythonMeaning(read(path));
    digests.set(name, digestBytes(`${version}\n${text}`));
    if (isPartlyParsed) unfollowed.push(`${name}: some syntax is unknown here, so its layout counts`);
    unfollowed.push(...dynamic.map(({ line, code }) => `${name}:${line}: ${code}`));
    for (const imported of imports) {
      const files = filesOf(imported, dirname(path), searched);
      waiting.push(...files);
      if (isOpenStar(imported, files))
        unfollowed.push(`${name}: from ${'.'.repeat(imported.level)}${imported.module} import *`);
    }
  }
  const sorted = [...digests].sort(([a], [b]) => (a < b ? -1 : 1));
  return { digests: Object.fromEntries(sorted), unfollowed: unfollowed.sort() };
}

/** A star from a package that names what it gives: those names may be modules. */
function isOpenStar({ module, names }: PythonImport, files: readonly string[]): boolean {
  if (!names.includes('*')) return false;
  const own = files.find((file) => file.endsWith(join(sep, ...module.split('.'), '__init__.py')));
  return own !== undefined && read(own).includes('__all__');
}

function filesOf({ level, module, names }: PythonImport, folder: string, searched: readonly string[]): string[] {
  const bases = level === 0 ? searched : [join(folder, ...Array.from({ length: level - 1 }, () => '..'))];
  const parts = module === '' ? [] : module.split('.');
  const found = bases.flatMap((base) => moduleFiles(base, parts));
  // `from a import b`: b may be a name in a, or a module in its folder.
  const inside = bases.flatMap((base) => names.flatMap((name) => moduleFiles(base, [...parts, name])));
  const own = level > 0 && parts.length === 0 ? bases.map((base) => join(base, '__init__.py')).filter(isFile) : [];
  return [...found, ...inside, ...own];
}

/** `a.b.c` runs `a/__init__.py` and `a/b/__init__.py` too. Empty when there is no such module below `base`. */
function moduleFiles(base: string, parts: readonly string[]): string[] {
  if (parts.length === 0) return [];
  const folder = join(base, ...parts);
  const file = `${folder}.py`;
  const asPackage = join(folder, '__init__.py');
  const last = isFile(asPackage) ? [asPackage] : isFile(file) ? [file] : [];
  if (last.length === 0 && !isFolder(folder)) return [];
  const parents = parts.slice(0, -1).map((_, index) => join(base, ...parts.slice(0, index + 1), '__init__.py'));
  return [...parents.filter(isFile), ...last];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}
