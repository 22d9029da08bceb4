/** A word as a POSIX shell takes it: nothing in it is evaluated. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** For a comment of one line. */
export function asComment(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
