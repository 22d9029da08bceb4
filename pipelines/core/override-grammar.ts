import { messageOf, Problem } from '../../cache/problem.ts';

/** A value as it was typed; what it means is for the parameter's type to say. */
export type Raw =
  | { readonly type: 'text'; readonly text: string; readonly quoted: boolean }
  | { readonly type: 'list'; readonly items: readonly Raw[] }
  | { readonly type: 'dict'; readonly entries: readonly (readonly [string, Raw])[] };

/** One argument of the command line, in Hydra's grammar. */
export interface Override {
  readonly arg: string;
  /** `a.b=c`, `+a.b=c`, `++a.b=c`, `~a.b`. */
  readonly mode: 'set' | 'add' | 'force' | 'delete';
  readonly path: readonly string[];
  /** More than one value is a sweep; none only for a deletion. */
  readonly values: readonly Raw[];
}

/** Throws `wrong-parameters` with every argument that is not an override. */
export function parseOverrides(args: readonly string[]): Override[] {
  const problems: string[] = [];
  const overrides = args.flatMap((arg) => {
    try {
      return [parseOverride(arg)];
    } catch (error) {
      problems.push(`${arg}: ${messageOf(error)}`);
      return [];
    }
  });
  if (problems.length > 0) {
    throw new Problem('wrong-parameters', ['These arguments cannot be read:', ...problems].join('\n  '), {
      hint: 'Write name=value, name.inner=value, name=[1,2], or name=1,2,3 for a sweep; quote text with , [ ] { } in it.',
    });
  }
  return overrides;
}

function parseOverride(arg: string): Override {
  const [, sign = '', key = '', equals, text = ''] = /^(\+\+|\+|~)?([^=]*)(=)?([\s\S]*)$/.exec(arg) ?? [];
  const path = key.trim().split('.');
  if (path.some((name) => !/^[\w$@/-]+$/.test(name))) throw new Error('no parameter is named');
  const mode = ({ '': 'set', '+': 'add', '++': 'force', '~': 'delete' } as const)[sign] ?? 'set';
  if (equals === undefined && mode !== 'delete') throw new Error('"=" and a value are missing');
  return { arg, mode, path, values: equals === undefined ? [] : new Reader(text).sweep() };
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  sweep(): Raw[] {
    const values: Raw[] = this.#element();
    while (this.#take(',')) values.push(...this.#element());
    if (this.#at < this.#text.length) throw new Error(`"${this.#text.slice(this.#at)}" is left over after the value`);
    return values;
  }

  #element(): Raw[] {
    this.#blanks();
    const call = /^(range|choice)\(/.exec(this.#text.slice(this.#at));
    if (!call) return [this.#value(',')];
    this.#at += call[0].length;
    const items = this.#until(')', () => this.#value(',)'));
    return call[1] === 'choice' ? items : rangeOf(items);
  }

  #value(ends: string): Raw {
    this.#blanks();
    if (this.#take('[')) return { type: 'list', items: this.#until(']', () => this.#value(',]')) };
    if (this.#take('{')) return { type: 'dict', entries: this.#until('}', () => this.#entry()) };
    const quote = this.#text[this.#at];
    return quote === '"' || quote === "'" ? this.#quoted(quote) : this.#plain(ends);
  }

  #entry(): readonly [string, Raw] {
    const key = this.#value(':,}');
    if (key.type !== 'text' || !this.#take(':')) throw new Error('a "{" needs entries of the form key:value');
    return [key.text, this.#value(',}')];
  }

  #until<T>(end: string, read: () => T): T[] {
    const items: T[] = [];
    if (this.#take(end)) return items;
    do items.push(read());
    while (this.#take(','));
    if (!this.#take(end)) throw new Error(`"${end}" is missing`);
    return items;
  }

  #quoted(quote: string): Raw {
    let text = '';
    for (this.#at += 1; this.#at < this.#text.length; this.#at += 1) {
      const next = this.#text[this.#at + 1];
      if (this.#text[this.#at] === '\\' && (next === quote || next === '\\')) {
        this.#at += 1;
        text += next;
        continue;
      }
      if (this.#text[this.#at] === quote) {
        this.#at += 1;
        this.#blanks();
        return { type: 'text', text, quoted: true };
      }
      text += this.#text[this.#at];
    }
    throw new Error(`the quote ${quote} is not closed`);
  }

  #plain(ends: string): Raw {
    let text = '';
    let kept = 0; // escaped blanks at the end stay
    for (; this.#at < this.#text.length && !ends.includes(this.#text[this.#at] ?? ''); this.#at += 1) {
      const escaped = this.#text[this.#at] === '\\' && this.#at + 1 < this.#text.length;
      if (escaped) this.#at += 1;
      text += this.#text[this.#at];
      if (escaped) kept = text.length;
    }
    if (ends === ',]' && text.trim() === '' && kept === 0)
      throw new Error('a list has an empty item; write "" for an empty text');
    return { type: 'text', text: text.slice(0, Math.max(kept, text.trimEnd().length)), quoted: false };
  }

  #take(char: string): boolean {
    this.#blanks();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }
}

/** `range(stop)`, `range(start,stop)`, `range(start,stop,step)`; the end is not reached, as in Python. */
function rangeOf(items: readonly Raw[]): Raw[] {
  const numbers = items.map((item) =>
    item.type === 'text' && item.text !== '' ? Number(item.text.replace(/^(start|stop|step)=/, '')) : Number.NaN,
  );
  const [start, stop, step = 1] = numbers.length === 1 ? [0, numbers[0]] : numbers;
  if (
    numbers.length > 3 ||
    start === undefined ||
    stop === undefined ||
    ![start, stop, step].every(Number.isFinite) ||
    step === 0
  ) {
    throw new Error('range takes (stop), (start,stop) or (start,stop,step), in numbers');
  }
  const count = Math.max(0, Math.ceil((stop - start) / step - 1e-9));
  if (count === 0 || count > 100_000) throw new Error(`range(${numbers.join(',')}) has ${count} values`);
  return Array.from({ length: count }, (_, i) => ({
    type: 'text',
    text: String(Number((start + i * step).toPrecision(12))),
    quoted: false,
  }));
}
