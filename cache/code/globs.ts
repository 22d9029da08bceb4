import { type Dirent, readdirSync } from 'node:fs';
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
  return walk(root, start, pattern).filter((path) => matches(path));
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function walk(root: string, folder: string, pattern: string): string[] {
  return childrenOf(join(root, folder)).flatMap((child) => {
    const path = folder ? `${folder}/${child.name}` : child.name;
    if (child.isFile() || child.isSymbolicLink()) return [path];
    const isNamed = pattern.split('/').includes(child.name);
    return child.isDirectory() && (isNamed || !skipped.has(child.name)) ? walk(root, path, pattern) : [];
  });
}

function childrenOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}
