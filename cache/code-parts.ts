/** How many parts of one file are told by name. */
const namedAtMost = 4;

/** What changed of a file of code, in words, one line each: which functions, classes and names, where that is known. */
export function codeChanges(path: string, before: string | undefined, after: string | undefined): string[] {
  if (path.startsWith('pip:')) return [`package ${path.slice(4)}: ${before ?? 'absent'} -> ${after ?? 'absent'}`];
  if (before === undefined) return [`${path} is new`];
  if (after === undefined) return [`${path} is gone`];
  const [was, is] = [partsIn(before), partsIn(after)];
  const labels = [...new Set([...was.keys(), ...is.keys()])];
  const changed = labels.filter((label) => was.get(label) !== is.get(label));
  if (was.size === 0 || is.size === 0 || changed.length === 0) return [`${path} changed`];
  const told = changed.slice(0, namedAtMost).map((label) => {
    const what = was.has(label) ? (is.has(label) ? 'changed' : 'is not used any more') : 'is used now';
    return `${path}: ${inWords(label)} ${what}`;
  });
  const more = changed.length - told.length;
  return more > 0 ? [...told, `${path}: ${more} more of its parts changed`] : told;
}

/** What stands in a recipe for a file of code: a digest, and after it, where they are known, short ones of its parts by name. */
function partsIn(value: string): ReadonlyMap<string, string> {
  const [, ...parts] = value.split(' ');
  return new Map(parts.map((part) => splitAt(part, part.lastIndexOf('='))));
}

function splitAt(text: string, at: number): [string, string] {
  return [text.slice(0, at), text.slice(at + 1)];
}

function inWords(label: string): string {
  const [sort, name] = splitAt(label, label.indexOf(':'));
  if (sort === 'f') return `function \`${name}\``;
  if (sort === 'c') return `class \`${name}\``;
  return sort === 'v' ? `\`${name}\`` : 'what runs as it loads';
}
