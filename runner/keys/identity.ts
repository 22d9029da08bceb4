import { types } from 'node:util';
import type { z } from 'zod';
import { canonicalJson, type Json } from '../../cache/canonical-json.ts';
import { digestBytes } from '../../cache/digest.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { type Kind, kindOf } from '../../tasks/core/artifact.ts';
import type { Definition } from '../../tasks/core/definitions.ts';
import { isRef } from '../../tasks/core/ref.ts';
import { Closures } from './closures.ts';
import { type DeclaredType, mayTransform } from './declared-type.ts';
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
    const named = [...this.#captured(fn)].map(([name, value]) => [name, short(this.#value(value, name, [fn]))]);
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
  #captured(fn: AnyFunction): [string, unknown][] {
    const text = String(fn);
    const words = new Set(text.match(/[\p{L}\p{N}_$]+/gu));
    const all = this.#closures.of(fn);
    if (seesThis(text)) throw unknown('this', '`this` of another function');
    // A ref has no value to be seen, and a task gives refs.
    return [...all].filter(([name, value]) => words.has(name) && !isOurs(value));
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
    if (Array.isArray(value)) return each(value);
    if (value instanceof Date) return { $date: value.getTime() };
    if (value instanceof RegExp || value instanceof URL) return { $text: String(value) };
    if (value instanceof Map) return { $map: each([...value].flat()) };
    if (value instanceof Set) return { $set: each([...value]) };
    if (ArrayBuffer.isView(value)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return { $bytes: digestBytes(bytes), of: value.constructor.name };
    }
    const kind = kindOf(value);
    if (kind) return this.#kind(kind, where, inside);
    if (isZod(value)) return { $type: this.#fields(withoutWords(value._zod.def), where, inside) };
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype)
      throw unknown(where, `an object of class ${value.constructor?.name ?? '?'}`);
    return this.#fields(value, where, inside);
  }

  #fields(table: object, where: string, holders: Holders): Json {
    const fields = Object.keys(table).map((key) => {
      const place = `${where}.${key}`;
      return [key, this.#value(readField(table, key, place), place, holders)];
    });
    return Object.fromEntries(fields) as Json;
  }

  /** Its text, its module, and all that it closes over itself. */
  #function(fn: AnyFunction, where: string, holders: Holders): Json {
    const depth = holders.indexOf(fn);
    if (depth >= 0) return { $again: depth };
    if (types.isProxy(fn)) throw unknown(where, 'a proxy, which may be anything each time that it is read');
    const text = String(fn);
    if (/\{\s*\[native code\]\s*\}$/.test(text)) {
      if (fn.name.startsWith('bound ')) throw unknown(where, 'a bound function');
      return { $native: fn.name };
    }
    const code = this.#codeOf(this.#home ?? this.#moduleOf(fn, where));
    const closes = this.#captured(fn).map(([name, value]) => [
      name,
      this.#value(value, `${where}: ${name}`, [...holders, fn]),
    ]);
    return { $function: digestBytes(canonicalJson({ text, code, closes } as Json)) };
  }

  /** As a position in it. */
  #moduleOf(fn: AnyFunction, where: string): string {
    const module = this.#closures.moduleOf(fn);
    if (!module) throw unknown(where, 'a function that is in no module');
    return `${module}:1:1`;
  }
}

interface Zod {
  readonly _zod: { readonly def: object };
}

function isZod(value: object): value is Zod {
  return '_zod' in value;
}

/** Messages change no value; `when` is zod's own. */
function withoutWords(def: object): object {
  return Object.fromEntries(Object.entries(def).filter(([key]) => key !== 'error' && key !== 'when'));
}

/** A getter computes what it gives, and may fail. */
function readField(table: object, key: string, where: string): unknown {
  try {
    return (table as Record<string, unknown>)[key];
  } catch (cause) {
    throw unknown(where, `a field that cannot be read: ${messageOf(cause)}`);
  }
}

/** A ref or task; another's proxy may throw whatever it is asked. */
function isOurs(value: unknown): boolean {
  try {
    return isRef(value) || isTask(value);
  } catch {
    return false; // said when its value is read
  }
}

function isTask(value: unknown): boolean {
  return typeof value === 'function' && 'spec' in value;
}

/** An arrow function has the `this` of the function around it, and no scope tells which. What is nested may have its own. */
function seesThis(text: string): boolean {
  const isArrow = /^(async\s*)?(\(|[\w$]+\s*=>)/.test(text);
  const bindsThis = /\bfunction\b|\bclass\b|(?<!\b(if|for|while|switch|catch|with)\s*)\([^()]*\)\s*\{/.test(text);
  return isArrow && !bindsThis && /\bthis\s*[.[]/.test(text);
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
