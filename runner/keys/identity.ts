import { types } from 'node:util';
import type { z } from 'zod';
import { canonicalJson, type Json } from '../../cache/canonical-json.ts';
import { isArrow, usesThis } from '../../cache/code/outer-this.ts';
import { digestBytes } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import { type Kind, kindOf } from '../../tasks/core/artifact.ts';
import type { Definition } from '../../tasks/core/definitions.ts';
import { isRef } from '../../tasks/core/ref.ts';
import { Closures } from './closures.ts';
import { type DeclaredType, mayTransform } from './declared-type.ts';
import { isNative, nativeName } from './natives.ts';
import { isJust, isPlainView, oddityOf } from './own-fields.ts';
import { isWrittenIn } from './written-in.ts';

/** Characters of a captured value that a recipe holds as it is; longer ones by digest. */
const longestShown = 1000;

/** Whoever walks a value calls itself for each level. */
const mostLevels = 500;

type Code = Readonly<Record<string, string>>;
type CodeOf = (definedAt: string) => Code;
/** Functions and values that hold the one that is described. */
type Holders = readonly unknown[];

export type AnyFunction = (...args: never[]) => unknown;

/** Says what functions, and the values that they close over, are: as plain data that is the same in every process. */
export class Identity {
  readonly #closures = new Closures();
  readonly #codeOf: CodeOf;
  readonly #kinds = new Map<Kind, Json>();
  /** A module that reaches all that is described: finding out where each function stands takes longer. */
  #home: string | undefined;

  constructor(codeOf: CodeOf) {
    this.#codeOf = codeOf;
  }

  /** What a function closes over below its module, by name. Throws `unknown-closure` for what has no form in a recipe. */
  closureOf(fn: AnyFunction): Record<string, Json> {
    if (!isArrow(String(fn)) && usesThis(String(fn))) throw unknown('this', 'what the body is called on');
    const named = this.#captured(fn, '').map(([name, value]) => [name, short(this.#value(value, name, [fn]))]);
    return Object.fromEntries(named) as Record<string, Json>;
  }

  /**
   * The code of the place where a task is made, and that of its body's own module: a function that makes tasks may get their
   * bodies from anywhere.
   */
  codeAround(fn: AnyFunction, definedAt: string): Code {
    const code = this.#codeOf(definedAt);
    if (isWrittenIn(String(fn), this.#closures.positionOf(fn), definedAt)) return code;
    return together(code, this.#codeOf(this.#moduleOf(fn, 'its body')));
  }

  /** What a type says, by structure; functions in it count by their text, and by the code of the module that uses them. */
  typeOf(type: z.ZodType, { name, definedAt, madeIn }: Definition): DeclaredType {
    const transforms = mayTransform(type);
    try {
      const text = this.#at(madeIn === 'module' ? definedAt : undefined, () => this.#value(type, 'its type', []));
      return { digest: digestBytes(canonicalJson(text)), transforms };
    } catch (error) {
      if (!Problem.is(error) || error.code !== 'unknown-closure') throw error;
      if (transforms && madeIn === 'function') throw unknownTransform(name, error);
      return { digest: digestBytes(canonicalJson({ $module: this.#codeOf(definedAt) })), transforms };
    }
  }

  #at<T>(home: string | undefined, describe: () => T): T {
    const before = this.#home;
    try {
      this.#home = home;
      return describe();
    } finally {
      this.#home = before;
    }
  }

  /** What it computes is computed again from the files, so how it is transformed does not matter: one digest of all. */
  #kind(kind: Kind, where: string, holders: Holders): Json {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    const described = { $kind: kind.name, is: digestBytes(canonicalJson(this.#kindInFull(kind, where, holders))) };
    this.#kinds.set(kind, described);
    return described;
  }

  /** The same whoever asks first. */
  #kindInFull({ meta, inspect, files, site }: Kind, where: string, holders: Holders): Json {
    const code = this.#codeOf(site.at);
    if (site.madeIn === 'module') {
      const type = this.#at(site.at, () => this.#value(meta, where, holders));
      return { type, text: String(inspect), code };
    }
    const parts = [meta, inspect, files];
    return { code, parts: this.#at(undefined, () => parts.map((part) => this.#value(part, where, holders))) };
  }

  /** A name that stands nowhere in the text is seen by another function of the same scope only. */
  #captured(fn: AnyFunction, where: string): [string, unknown][] {
    const text = String(fn);
    const words = new Set(text.match(/[\p{ID_Continue}$\u200c\u200d]+/gu));
    const all = this.#closures.of(fn);
    if (isArrow(text) && usesThis(text)) throw unknown(`${where}this`, '`this` of another function');
    const named = [...all].filter(([name, value]) => words.has(name) && !isSurely(isRef, value));
    // A ref has no value to be seen, and a task gives refs; what it was declared as can be asked for.
    return named.flatMap(([name, value]) => {
      if (!isSurely(isTask, value)) return [[name, value] as [string, unknown]];
      return words.has('spec') ? [[name, (value as { spec: unknown }).spec] as [string, unknown]] : [];
    });
  }

  #value(value: unknown, where: string, holders: Holders): Json {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : { $number: Object.is(value, -0) ? '-0' : `${value}` };
      case 'undefined':
        return { $undefined: true };
      case 'bigint':
        return { $bigint: String(value) };
      case 'function':
        return this.#function(value as AnyFunction, where, holders);
      case 'object':
        return value === null ? null : this.#object(value, where, holders);
      default:
        throw unknown(where, `a ${typeof value}`);
    }
  }

  #object(value: object, where: string, holders: Holders): Json {
    const depth = holders.indexOf(value);
    if (depth >= 0) return { $again: depth };
    if (holders.length >= mostLevels) throw unknown(where.slice(0, 80), `nested more than ${mostLevels} levels deep`);
    if (types.isProxy(value)) throw unknown(where, 'a proxy, which may be anything each time that it is read');
    const inside = [...holders, value];
    const each = (values: readonly unknown[]): Json =>
      values.map((one, i) => this.#value(one, `${where}[${i}]`, inside));
    if (Array.isArray(value)) return this.#plainly(value, where, () => each(value));
    if (value instanceof Date && isJust(value)) return { $date: value.getTime() };
    if (value instanceof RegExp && isJust(value))
      return { $text: String(value), ...(value.lastIndex === 0 ? {} : { lastIndex: value.lastIndex }) };
    if (value instanceof URL && isJust(value)) return { $text: String(value) };
    if (value instanceof Map && isJust(value)) return { $map: each([...value].flat()) };
    if (value instanceof Set && isJust(value)) return { $set: each([...value]) };
    if (isPlainView(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return { $bytes: digestBytes(bytes), of: value.constructor.name };
    }
    const kind = kindOf(value);
    if (kind) return this.#kind(kind, where, inside);
    if (isZod(value)) return this.#type(value, where, inside);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype)
      throw unknown(where, `an object of class ${value.constructor?.name ?? '?'}`);
    return this.#plainly(value, where, () => this.#named(value, where, inside));
  }

  #plainly(value: object, where: string, describe: () => Json): Json {
    const oddity = oddityOf(value);
    if (oddity !== undefined) throw unknown(where, oddity);
    return describe();
  }

  /** Of a check by hand only the function says what it checks. */
  #type({ _zod: { def, check } }: Zod, where: string, holders: Holders): Json {
    const isByHand = 'check' in def && def.check === 'custom' && !('fn' in def);
    const $type = this.#fields(withoutWords(def), where, holders);
    return isByHand ? { $type, check: this.#value(check, where, holders) } : { $type };
  }

  /** Their order counts: whoever lists them sees it. Names of ours, as `$date`, are no names of fields. */
  #named(value: object, where: string, holders: Holders): Json {
    const keys = Object.keys(value);
    const isSorted = [...keys].sort().every((key, i) => key === keys[i]);
    const entries = Object.entries(value).map(([key, one]) => [key.startsWith('$') ? `$${key}` : key, one] as const);
    const fields = this.#fields(Object.fromEntries(entries), where, holders) as Readonly<Record<string, Json>>;
    return isSorted ? fields : { ...fields, $order: keys };
  }

  #fields(table: object, where: string, holders: Holders): Json {
    const fields = Object.entries(table).map(([key, field]) => [key, this.#value(field, `${where}.${key}`, holders)]);
    return Object.fromEntries(fields) as Json;
  }

  /** Its text, its module, and all that it closes over itself. */
  #function(fn: AnyFunction, where: string, holders: Holders): Json {
    const depth = holders.indexOf(fn);
    if (depth >= 0) return { $again: depth };
    if (types.isProxy(fn)) throw unknown(where, 'a proxy, which may be anything each time that it is read');
    const text = String(fn);
    if (isNative(text)) return native(fn, where);
    const code = this.#codeOf(this.#home ?? this.#moduleOf(fn, where));
    const inside = [...holders, fn];
    const closes = this.#captured(fn, `${where}: `).map(([name, value]) => [
      name,
      this.#value(value, `${where}: ${name}`, inside),
    ]);
    const more = this.#besideText(fn, where, inside);
    return { $function: digestBytes(canonicalJson({ text, code, closes, ...more } as Json)) };
  }

  /** Fields that a function was given, those of a class, and what that is derived from. */
  #besideText(fn: AnyFunction, where: string, holders: Holders): Record<string, Json> {
    const base: unknown = Object.getPrototypeOf(fn);
    const more: Record<string, Json> = {};
    if (Object.keys(fn).length > 0) more.fields = this.#fields(fn, where, holders);
    if (typeof base === 'function' && base !== Function.prototype)
      more.base = this.#value(base, `${where}: its base`, holders);
    return more;
  }

  /** As a position in it. */
  #moduleOf(fn: AnyFunction, where: string): string {
    const module = this.#closures.moduleOf(fn);
    if (!module) throw unknown(where, 'a function that is in no module');
    return `${module}:1:1`;
  }
}

interface Zod {
  readonly _zod: { readonly def: object; readonly check?: unknown };
}

function isZod(value: object): value is Zod {
  return '_zod' in value;
}

/** Messages change no value; `when` is zod's own. */
function withoutWords(def: object): object {
  return Object.fromEntries(Object.entries(def).filter(([key]) => key !== 'error' && key !== 'when'));
}

/** Another's proxy may throw whatever it is asked. */
function isSurely(test: (value: unknown) => boolean, value: unknown): boolean {
  try {
    return test(value);
  } catch {
    return false; // said when its value is read
  }
}

function isTask(value: unknown): value is { readonly spec: unknown } {
  return typeof value === 'function' && 'spec' in value;
}

function native(fn: AnyFunction, where: string): Json {
  const name = nativeName(fn);
  if (name !== undefined) return { $native: name };
  throw unknown(where, fn.name.startsWith('bound ') ? 'a bound function' : 'a function that holds what nobody can see');
}

/** Of a package that two modules get in several versions, all of them. */
function together(one: Code, other: Code): Code {
  const all = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(
    all.map((name) => [name, [...new Set([one[name], other[name]])].filter((is) => is !== undefined).join(', ')]),
  );
}

function unknownTransform(task: string, cause: Problem): Problem {
  return new Problem(
    'unknown-closure',
    `A type of the outputs of ${task} transforms values by what nobody can know: ${cause.message}.`,
    { hint: 'Transform in the body or the program instead, or define the type at the top level of its module.', cause },
  );
}

function short(value: Json): Json {
  const text = canonicalJson(value);
  return text.length <= longestShown ? value : { $digest: digestBytes(text) };
}

function unknown(where: string, what: string): Problem {
  return new Problem('unknown-closure', `${where} is ${what}`);
}
