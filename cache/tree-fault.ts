import { isEntryPath } from './border.ts';
import { isTable } from './canonical-json.ts';
import { isDigest } from './digest.ts';
import type { Entry, Tree } from './tree.ts';

/** So many links may follow one another, as in the kernel. */
const longestChain = 40;

/** The tree in a manifest's text, or in words why it is none. */
export function parseTree(text: string): Tree | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isTable(value) || (value.kind !== 'file' && value.kind !== 'folder') || !Array.isArray(value.entries))
    return 'it is no manifest';
  const stranger = (value.entries as unknown[]).find((entry) => !isEntry(entry));
  if (stranger !== undefined) return `an entry is none: ${JSON.stringify(stranger).slice(0, 200)}`;
  const tree = value as unknown as Tree;
  return treeFault(tree) ?? tree;
}

function isEntry(entry: unknown): entry is Entry {
  if (!isTable(entry) || typeof entry.path !== 'string') return false;
  if (entry.kind === 'link') return typeof entry.target === 'string';
  if (entry.kind === 'folder') return true;
  const { kind, size, digest, executable } = entry;
  return kind === 'file' && Number.isSafeInteger(size) && isDigest(digest) && typeof executable === 'boolean';
}

/** Why a tree must not be written to disk, in words: an entry would lie outside of it, or be written through another. */
export function treeFault({ kind, entries }: Tree): string | undefined {
  if (kind === 'file') {
    const isOne = entries.length === 1 && entries[0]?.kind === 'file' && entries[0].path === '';
    return isOne ? undefined : 'a single file has one entry, without a path';
  }
  const folders = foldersAbove(entries);
  const links = new Map(entries.flatMap((entry) => (entry.kind === 'link' ? [[entry.path, entry.target]] : [])));
  let before: string | undefined;
  for (const entry of entries) {
    const { path } = entry;
    const shown = JSON.stringify(path);
    if (!isEntryPath(path)) return `the path ${shown} does not stay inside`;
    if (before !== undefined && path <= before) return `the path ${shown} comes twice, or out of order`;
    before = path;
    if (folders.has(path)) return `${shown} has entries below it, and is no folder that they belong to`;
    if (entry.kind === 'link' && leaves(path, entry.target, links)) {
      return `the link ${shown} points outside, at ${JSON.stringify(entry.target)}`;
    }
  }
  return undefined;
}

function foldersAbove(entries: readonly Entry[]): Set<string> {
  const folders = new Set<string>();
  for (const { path } of entries) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  return folders;
}

/** Whether a link leads out of the tree, through its other links too: names alone do not tell where `a/..` is when `a` is a link. */
function leaves(path: string, target: string, links: ReadonlyMap<string | undefined, string | undefined>): boolean {
  if (target.includes('\0')) return true;
  const at = path.split('/').slice(0, -1);
  const ahead = [target];
  for (let hops = 0; ahead.length > 0; ) {
    const next = ahead.shift() as string;
    if (next.startsWith('/')) return true;
    const [first = '', ...rest] = next.split('/');
    if (rest.length > 0) ahead.unshift(rest.join('/').replace(/^\/+/, ''));
    if (first === '' || first === '.') continue;
    if (first === '..') {
      if (at.pop() === undefined) return true;
      continue;
    }
    at.push(first);
    const link = links.get(at.join('/'));
    if (link === undefined) continue;
    if ((hops += 1) > longestChain) return false; // a circle, which the kernel refuses to follow
    at.pop();
    ahead.unshift(link);
  }
  return false;
}
