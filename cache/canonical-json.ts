import { Problem } from './problem.ts';

/** Whoever walks a value calls itself for each level, and has room for some thousands of calls. */
const mostLevels = 1000;

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What has fields: neither null nor a list. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * One text per value: keys sorted by code unit, no blanks.
 *
 * Throws `not-canonical`, naming the path, for all that has no single form in JSON: `NaN`, infinities, `-0`, `undefined`
 * (also as a property), bigints, symbols, functions, cycles, and objects of any class.
 */
export function canonicalJson(value: unknown): string {
  return write(value, [], []);
}

function write(value: unknown, path: string[], ancestors: object[]): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value) || Object.is(value, -0))
        throw refused(Object.is(value, -0) ? '-0' : String(value), path);
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : writeObject(value, path, ancestors);
    default:
      throw refused(typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`, path);
  }
}

function writeObject(value: object, path: string[], ancestors: object[]): string {
  if (ancestors.includes(value)) throw refused('a cycle', path);
  if (ancestors.length >= mostLevels) throw refused(`nested more than ${mostLevels} levels deep`, path.slice(0, 3));
  ancestors.push(value);
  const text = Array.isArray(value) ? writeArray(value, path, ancestors) : writePlain(value, path, ancestors);
  ancestors.pop();
  return text;
}

function writeArray(value: readonly unknown[], path: string[], ancestors: object[]): string {
  let text = '[';
  for (let index = 0; index < value.length; index += 1) {
    path.push(`[${index}]`);
    text += (index === 0 ? '' : ',') + write(value[index], path, ancestors);
    path.pop();
  }
  return `${text}]`;
}

function writePlain(value: object, path: string[], ancestors: object[]): string {
  if (!isPlain(value)) throw refused(`an object of class ${value.constructor?.name ?? '?'}`, path);
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused('a property named by a symbol', path);
  const fields = value as Record<string, unknown>;
  let text = '{';
  for (const key of Object.keys(fields).sort()) {
    path.push(key);
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${write(fields[key], path, ancestors)}`;
    path.pop();
  }
  return `${text}}`;
}

/** Prototypes of other realms count too: values may come from a worker or a `vm` context. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === null ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf'))
  );
}

function refused(what: string, path: readonly string[]): Problem {
  const where = path.join('.').replaceAll('.[', '[') || 'the value itself';
  return new Problem('not-canonical', `${where} is ${what}, which has no single form in JSON.`, {
    hint: 'Use text, finite numbers, true, false, null, arrays and plain objects.',
  });
}
