import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import picomatch from 'picomatch';
import { type Digest, digestFiles } from '../digest.ts';
import { errorCode } from '../file-problem.ts';
import { Problem } from '../problem.ts';

/** Folders that hold no sources, and may hold very many files. A pattern that names one is still followed. */
const skipped = new Set(['.git', 'node_modules', '.stet', '__pycache__', '.venv']);

/** Those of the patterns that match no file below `root`. */
export function emptyPatterns(root: string, patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => filesOf(root, pattern).length === 0);
}

/** Digests of the files below `root` that match, by path with `/`, sorted. Throws `no-code-files` for a pattern without any. */
export async function globDigests(root: string, patterns: readonly string[]): Promise<Record<string, Digest>> {
  const matched = patterns.map((pattern) => filesOf(root, pattern));
  const empty = patterns.filter((_, index) => matched[index]?.length === 0);
  if (empty.length > 0) {
    throw new Problem(
      'no-code-files',
      `No file in ${root} matches ${empty.map((pattern) => `"${pattern}"`).join(', ')}.`,
      {
        hint: 'Paths in `code` are relative to the folder of the project.',
      },
    );
  }
  const paths = [...new Set(matched.flat())].sort();
  const digests = await digestFiles(paths.map((path) => join(root, path)));
  return Object.fromEntries(paths.map((path, index) => [path, digests[index] as Digest]));
}

function filesOf(root: string, given: string): string[] {
  const pattern = given.replace(/^(\.\/)+/, '');
  const { base } = picomatch.scan(pattern);
  const matches = picomatch(pattern, { dot: true });
  const isLiteral = base === pattern || base === '';
  const start = isLiteral && base !== '' ? parentOf(base) : base;
  return walk(start, { root, pattern, matches, above: [] }).filter((path) => matches(path));
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

interface Search {
  readonly root: string;
  readonly pattern: string;
  readonly matches: (path: string) => boolean;
  /** The real places of the folders that led here by links. */
  readonly above: readonly string[];
}

function walk(folder: string, search: Search): string[] {
  return childrenOf(join(search.root, folder)).flatMap((child) => {
    const path = folder ? `${folder}/${child.name}` : child.name;
    if (child.isFile()) return [path];
    if (child.isSymbolicLink()) return behindLink(path, search);
    const isNamed = namesOf(search.pattern).includes(child.name);
    return child.isDirectory() && (isNamed || !skipped.has(child.name)) ? walk(path, search) : [];
  });
}

/**
 * A link counts by what it leads to: a file, or a folder that is walked. Nothing is behind one that leads nowhere, as the locks of
 * editors do, or back to a folder in which it lies. One that leads out of the project, to data as a rule, is followed when the pattern
 * takes in the link itself.
 */
function behindLink(path: string, search: Search): string[] {
  const { root, pattern, matches, above } = search;
  const [real, home] = [realPlace(join(root, path)), realPlace(root)];
  if (real === undefined || home === undefined) return [];
  if (!statSync(real).isDirectory()) return [path];
  const leadsOut = !isWithin(real, home);
  if (leadsOut && !matches(path) && !namesOf(pattern).includes(path.slice(path.lastIndexOf('/') + 1))) return [];
  const here = realPlace(join(root, parentOf(path))) ?? home;
  if ([here, ...above].some((one) => isWithin(one, real))) return [];
  return walk(path, { ...search, above: [...above, here, real] });
}

function realPlace(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
}

function namesOf(pattern: string): string[] {
  return pattern.split('/');
}

function childrenOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}
