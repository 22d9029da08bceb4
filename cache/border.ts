import { type Digest, isDigest } from './digest.ts';
import { Problem } from './problem.ts';

/*
 * A store is a border: whoever could write there wrote what it says. What is read out of it goes through these two parsers where
 * it comes in, and once more where a path is made of it, so that no path leaves the store or the folder that was asked for.
 */

/** Throws `wrong-digest`. */
export function parseDigest(value: unknown): Digest {
  if (isDigest(value)) return value;
  const shown = JSON.stringify(value)?.slice(0, 200) ?? 'nothing';
  throw new Problem('wrong-digest', `${shown} stands where a digest belongs.`, {
    hint: 'Whoever wrote it was no version of this program: do not use what it belongs to.',
  });
}

/** The 64 hex digits, as a file name. Throws `wrong-digest` for whatever could be another path. */
export function nameOf(digest: Digest): string {
  return parseDigest(digest).slice('sha256:'.length);
}

/** Whether a path leads to something below the folder that it is joined to: no `..`, no `.`, nothing empty, not absolute. */
export function isEntryPath(path: unknown): path is string {
  return typeof path === 'string' && !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path) && !path.includes('\0');
}
