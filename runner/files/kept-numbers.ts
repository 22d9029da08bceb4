/** A number in a text of JSON that would be another after reading. */
export interface LostNumber {
  /** What leads to it. */
  readonly keys: readonly string[];
  /** As it is written. */
  readonly text: string;
}

/**
 * The first number that would not be written back as it stands: `NaN` and the infinities as Python writes them, what is too
 * large for a double, and integers of which a double loses digits (below 2^53 it loses none). Of fractions the digits behind
 * those that a double holds do not count.
 */
export function findLostNumber(text: string): LostNumber | undefined {
  return mayHaveLost.test(text) ? search(text) : undefined;
}

const mayHaveLost = /NaN|Infinity|\d{16}|[eE]\+?\d{3}/;
const numberAt = /-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function search(text: string): LostNumber | undefined {
  /** For each container around the place: the key or index within it. */
  const path: (string | number)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character === '"') {
      const end = endOfString(text, at);
      if (/^\s*:/.test(text.slice(end, end + 16))) path[path.length - 1] = unquoted(text.slice(at, end));
      at = end - 1;
    } else if (character === '[') path.push(0);
    else if (character === '{') path.push('');
    else if (character === ']' || character === '}') path.pop();
    else if (character === ',') {
      const last = path.at(-1);
      if (typeof last === 'number') path[path.length - 1] = last + 1;
    } else if (/[-\dNI]/.test(character)) {
      numberAt.lastIndex = at;
      const number = numberAt.exec(text)?.[0];
      if (number === undefined) continue; // no JSON, which its reader says better
      if (isLost(number)) return { keys: path.map(String), text: number };
      at += number.length - 1;
    }
  }
  return undefined;
}

function isLost(number: string): boolean {
  const value = Number(number);
  if (!Number.isFinite(value)) return true;
  return /^-?\d+$/.test(number) && !Number.isSafeInteger(value) && String(value) !== number;
}

/** Behind the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text; // no JSON, which its reader says better
  }
}
