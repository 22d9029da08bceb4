import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, posix, relative } from 'node:path';
import { canonicalJson } from './canonical-json.ts';
import { type Digest, digestBytes, digestFileSync, digestFiles } from './digest.ts';
import { messageOf, Problem } from './problem.ts';

export interface FileEntry {
  path: string;
  kind: 'file';
  executable: boolean;
  size: number;
  digest: Digest;
}

/** Paths have `/` between their parts. A folder has an entry of its own only when it is empty. */
export type Entry = FileEntry | { path: string; kind: 'link'; target: string } | { path: string; kind: 'folder' };

/** The manifest of a file or folder. Entries are sorted by path, by code unit; a single file has one entry with path ''. */
export interface Tree {
  kind: 'file' | 'folder';
  entries: Entry[];
}

/** What a manifest says of a file, learned by one look at it. */
export interface HashedFile {
  readonly digest: Digest;
  readonly size: number;
  readonly executable: boolean;
}

/** Looks at files, in the order of `paths`. The only one to ask for their stats: a million times twice is a minute. */
export type Hasher = (paths: readonly string[]) => Promise<readonly HashedFile[]>;

/**
 * Reads and hashes a file or folder, of which with `names` only these files and links count; names with nothing behind them
 * do not. Links are kept as they are; absolute links into the folder become relative ones.
 *
 * Throws, naming the path: `link-leaves-folder`, `not-a-file` (sockets, pipes, devices), `file-name-not-utf8`,
 * `file-missing`. `seen` is what `look` gave of the path.
 */
export async function scanTree(
  path: string,
  {
    hasher = hashFiles,
    names,
    seen = look(path),
  }: { hasher?: Hasher; names?: readonly string[] | undefined; seen?: Stats } = {},
): Promise<Tree> {
  const root = seen.isSymbolicLink() ? realPath(path) : path;
  const stats = root === path ? seen : look(root);
  if (stats.isFile()) {
    const quick = hasher === hashFiles && stats.size < 1e6;
    const [hashed] = quick ? [described(stats, digestFileSync(root, stats.size))] : await hasher([root]);
    return { kind: 'file', entries: [fileEntry('', hashed as HashedFile)] };
  }
  if (!stats.isDirectory()) throw notAFile(path);

  const found = names ? lookUp(root, names) : walk(root, root, '', []);
  const files = found.filter((entry) => entry.kind === 'unhashed');
  const hashed = (await hasher(files.map((file) => `${root}/${file.path}`)))[Symbol.iterator]();
  const entries = found.map((entry): Entry => {
    return entry.kind === 'unhashed' ? fileEntry(entry.path, hashed.next().value as HashedFile) : entry;
  });
  return { kind: 'folder', entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** The manifest's text; its digest is the tree's. */
export function treeText(tree: Tree): string {
  return canonicalJson(tree);
}

export function treeDigest(tree: Tree): Digest {
  return digestBytes(treeText(tree));
}

/** Bytes of all files. */
export function treeSize(tree: Tree): number {
  return tree.entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
}

export function treeFileCount(tree: Tree): number {
  return tree.entries.reduce((count, entry) => count + (entry.kind === 'file' ? 1 : 0), 0);
}

type Found = { path: string; kind: 'unhashed' } | Exclude<Entry, FileEntry>;

function walk(root: string, folder: string, prefix: string, found: Found[]): Found[] {
  const children = readdirSync(folder, { withFileTypes: true });
  if (children.length === 0 && prefix !== '') found.push({ path: prefix.slice(0, -1), kind: 'folder' });
  for (const child of children) {
    const full = `${folder}/${child.name}`;
    const path = prefix + child.name;
    if (child.name.includes('\uFFFD')) refuseBrokenNames(folder);
    if (child.isDirectory()) walk(root, full, `${path}/`, found);
    else if (child.isSymbolicLink()) found.push({ path, kind: 'link', target: linkTarget(root, full, path) });
    else if (child.isFile()) found.push({ path, kind: 'unhashed' });
    else throw notAFile(full);
  }
  return found;
}

function lookUp(root: string, names: readonly string[]): Found[] {
  return names.flatMap((path): Found[] => {
    const full = `${root}/${path}`;
    const stats = lstatSync(full, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink()) return [{ path, kind: 'link', target: linkTarget(root, full, path) }];
    if (stats?.isFile()) return [{ path, kind: 'unhashed' }];
    if (stats) throw notAFile(full);
    return [];
  });
}

async function hashFiles(paths: readonly string[]): Promise<HashedFile[]> {
  const stats = paths.map((path) => lstatSync(path));
  const digests = await digestFiles(paths, { sizes: stats.map(({ size }) => size) });
  return stats.map((one, i) => described(one, digests[i] as Digest));
}

function described({ mode, size }: Stats, digest: Digest): HashedFile {
  return { digest, size, executable: (mode & 0o100) !== 0 };
}

function fileEntry(path: string, { digest, size, executable }: HashedFile): FileEntry {
  return { path, kind: 'file', executable, size, digest };
}

function linkTarget(root: string, full: string, path: string): string {
  const target = readlinkSync(full);
  const inside = isAbsolute(target) ? relative(realPath(dirname(full)), realParent(target)) : target;
  if (leaves(posix.join(dirname(path), inside)) || leaves(relative(root, join(dirname(full), inside)))) {
    throw new Problem('link-leaves-folder', `${full} is a link to "${target}", outside of the folder that is kept.`, {
      hint: 'Copy what it points at into the folder, or point the link at something inside it.',
    });
  }
  return inside;
}

function leaves(path: string): boolean {
  return path === '..' || path.startsWith('../') || isAbsolute(path);
}

/** The real place of a link's target, which itself may be missing. */
function realParent(target: string): string {
  try {
    return join(realpathSync(dirname(target)), posix.basename(target));
  } catch {
    // A target in a folder that does not exist is compared by its name.
    return target;
  }
}

/** What a path is; `file-missing` when it is nothing. */
export function look(path: string): Stats {
  return found(path, () => lstatSync(path));
}

/** The path without links; `file-missing` when there is nothing. */
export function realPath(path: string): string {
  return found(path, () => realpathSync(path));
}

function found<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw new Problem('file-missing', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}

function notAFile(path: string): Problem {
  return new Problem('not-a-file', `${path} is neither a file, a folder nor a link, so it cannot be kept.`);
}

/** U+FFFD stands for bytes that are no UTF-8, unless the name really has that character. */
function refuseBrokenNames(folder: string): void {
  for (const name of readdirSync(folder, { encoding: 'buffer' })) {
    if (Buffer.from(name.toString('utf8'), 'utf8').equals(name)) continue;
    throw new Problem(
      'file-name-not-utf8',
      `${folder} has a file whose name is not UTF-8: ${JSON.stringify(name.toString('latin1'))}.`,
      {
        hint: 'Rename it: names that programs read differently cannot be kept.',
      },
    );
  }
}
