/** Longer argument lists are not compared one by one: this many pairs of arguments at most. */
const mostPairs = 1e6;

/** Longer texts are told by their beginning. */
const longestText = 60;

/** A flag with its values, or a word that stands for itself. */
interface Argument {
  readonly flag: string | undefined;
  readonly values: string[];
  /** As it was written. */
  readonly words: string[];
}

/**
 * How one argument list became another, place by place and with the names of flags: `--lr 0.05 -> 0.03`. Lists are compared as
 * sequences, so a value that also stands elsewhere is not taken for the one that changed.
 */
export function commandDifference(before: readonly string[], after: readonly string[]): string {
  const [from, to] = [argumentsOf(before), argumentsOf(after)];
  if (isSameSet(from, to)) return 'command has its arguments in another order';
  const lines: string[] = [];
  let [i, j] = [0, 0];
  for (const [nextI, nextJ] of [...commonPairs(from, to), [from.length, to.length] as const]) {
    lines.push(...changes(from.slice(i, nextI), to.slice(j, nextJ)));
    [i, j] = [nextI + 1, nextJ + 1];
  }
  return `command changed: ${lines.join(', ')}`;
}

function isSameSet(from: readonly Argument[], to: readonly Argument[]): boolean {
  const [a, b] = [from, to].map((some) => JSON.stringify(some.map(({ words }) => JSON.stringify(words)).sort()));
  return a === b;
}

function argumentsOf(words: readonly string[]): Argument[] {
  const found: Argument[] = [];
  for (const word of words) {
    const last = found.at(-1);
    const joined = /^(-[^=\s]+)=(.*)$/s.exec(word);
    if (joined) found.push({ flag: joined[1], values: [joined[2] ?? ''], words: [word] });
    else if (/^--?[A-Za-z]/.test(word)) found.push({ flag: word, values: [], words: [word] });
    else if (last?.flag !== undefined && last.words[0] === last.flag) {
      last.values.push(word);
      last.words.push(word);
    } else found.push({ flag: undefined, values: [], words: [word] });
  }
  return found;
}

/** What went and came at one place: flags with other values by name, the rest as it was written. */
function changes(gone: readonly Argument[], come: readonly Argument[]): string[] {
  const left = { gone: [...gone], come: [...come] };
  const named = gone.flatMap((was) => {
    const is = was.flag === undefined ? undefined : left.come.find(({ flag }) => flag === was.flag);
    if (!is) return [];
    left.gone.splice(left.gone.indexOf(was), 1);
    left.come.splice(left.come.indexOf(is), 1);
    return [`${was.flag} ${written(was.values)} -> ${written(is.values)}`];
  });
  const [was, is] = [left.gone, left.come].map((some) => some.flatMap(({ words }) => words));
  if (!was || was.length === 0) return is && is.length > 0 ? [...named, `+ ${written(is)}`] : named;
  return [...named, is && is.length > 0 ? `${written(was)} -> ${written(is)}` : `- ${written(was)}`];
}

/** The places of a longest common subsequence, in order; of very long lists only what is common at their ends. */
function commonPairs(from: readonly Argument[], to: readonly Argument[]): (readonly [number, number])[] {
  const [a, b] = [from, to].map((some) => some.map(({ words }) => JSON.stringify(words))) as [string[], string[]];
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const middle = commonBetween(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [
    ...Array.from({ length: start }, (_, i) => [i, i] as const),
    ...middle.map(([i, j]) => [start + i, start + j] as const),
    ...Array.from({ length: end }, (_, i) => [a.length - end + i, b.length - end + i] as const),
  ];
}

function commonBetween(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  if (a.length * b.length > mostPairs) return [];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return pairs;
}

function written(words: readonly string[]): string {
  const text = words.join(' ');
  if (words.length === 0) return 'nothing';
  return text.length <= longestText ? text : `${text.slice(0, 40)}… (${text.length} characters)`;
}
