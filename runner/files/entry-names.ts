import { createHash } from 'node:crypto';

/** Longest name of a file on the file systems in use, in bytes. */
const longestName = 255;

interface Wanted {
  readonly name: string;
  /** What stands behind it, such as `.json`. */
  readonly end?: string;
}

/**
 * Names for entries of one folder, from texts that come from data: different texts get different names, also where a file
 * system folds case, normalises Unicode or drops dots and blanks at the end. Most texts are their own names.
 */
export function entryNames(wanted: readonly Wanted[]): string[] {
  const plain = wanted.map(({ name, end = '' }) => entryName(name, { end }));
  const counts = new Map<string, number>();
  for (const name of plain) counts.set(folded(name), (counts.get(folded(name)) ?? 0) + 1);
  return wanted.map(({ name, end = '' }, i) => {
    const own = plain[i] as string;
    return counts.get(folded(own)) === 1 ? own : withDigest(escaped(name), name, end);
  });
}

/**
 * A text as the name of a file, and no other text's: `%` and two digits of hexadecimal stand for what a name cannot hold, for
 * a dot at its start and for `%` itself. A long one is cut, and what it was stands behind as a digest.
 */
export function entryName(text: string, { end = '' }: { end?: string } = {}): string {
  return cut(escaped(text), text, end);
}

/** Keys that lead to a place in a value as one name, with dots between them. */
export function placeName(keys: readonly string[]): string {
  const name = keys.map((key) => escaped(key).replace(/\./g, '%2E')).join('.');
  return cut(name, name, '');
}

function cut(name: string, text: string, end: string): string {
  return Buffer.byteLength(name + end) <= longestName ? name + end : withDigest(name, text, end);
}

function escaped(text: string): string {
  if (text === '') return '%';
  // Halves of a pair have no form in UTF-8: all would become one.
  return text
    .replace(/^\.|[/%\p{Cc}]/gu, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .replace(/\p{Surrogate}/gu, (half) => `%u${half.charCodeAt(0).toString(16)}`);
}

/** Nothing that is escaped holds `%~`. */
function withDigest(name: string, text: string, end: string): string {
  const digest = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
  const tail = `%~${digest}${end}`;
  let head = '';
  let room = longestName - Buffer.byteLength(tail);
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    head += character;
  }
  return head + tail;
}

/** The same for all names that some file system takes for one. */
function folded(name: string): string {
  return name
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[. ]+$/, '');
}
