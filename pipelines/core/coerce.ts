import type { z } from 'zod';
import { nearest } from '../../tasks/core/nearest.ts';
import type { Raw } from './override-grammar.ts';
import { isPlain } from './profiles.ts';

type Schema = z.core.$ZodType;
export type Def = z.core.$ZodTypes['_zod']['def'];

export const defOf = (schema: Schema): Def => schema._zod.def as Def;

/** The type below defaults, options and pipes, as it stands before any transformation. */
export function bare(schema: Schema): Schema {
  const def = defOf(schema);
  switch (def.type) {
    case 'default':
    case 'prefault':
    case 'optional':
    case 'nullable':
    case 'readonly':
    case 'catch':
    case 'nonoptional':
      return bare(def.innerType);
    case 'pipe':
      return bare(defOf(def.in).type === 'transform' ? def.out : def.in);
    case 'lazy':
      return bare(def.getter());
    default:
      return schema;
  }
}

/** What a parameter is when nobody sets it. */
export function defaultOf(schema: Schema): unknown {
  const def = defOf(schema);
  if (def.type === 'default' || def.type === 'prefault') return def.defaultValue;
  if (def.type === 'optional' || def.type === 'nullable' || def.type === 'readonly' || def.type === 'nonoptional')
    return defaultOf(def.innerType);
  if (def.type === 'pipe') return defaultOf(def.in);
  return undefined;
}

function isNullable(schema: Schema): boolean {
  return (
    schema._zod.def.type === 'nullable' ||
    ('innerType' in schema._zod.def && isNullable(schema._zod.def.innerType as Schema))
  );
}

/** A type in words. */
export function typeOf(schema: Schema): string {
  const words = bareType(bare(schema));
  return isNullable(schema) ? `${words} or null` : words;
}

function bareType(schema: Schema): string {
  const def = defOf(schema);
  switch (def.type) {
    case 'number':
      return isInt(schema) ? 'int' : 'number';
    case 'array':
      return `list of ${typeOf(def.element)}`;
    case 'tuple':
      return `[${def.items.map((item) => typeOf(item)).join(', ')}]`;
    case 'enum':
      return Object.values(def.entries)
        .map((value) => JSON.stringify(value))
        .join(' | ');
    case 'literal':
      return def.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'union':
      return def.options.map((option) => typeOf(option)).join(' or ');
    case 'record':
      return `{name: ${typeOf(def.valueType)}}`;
    default:
      return def.type;
  }
}

function isInt(schema: Schema): boolean {
  const { format, checks = [] } = schema._zod.def as {
    format?: string;
    checks?: readonly { _zod: { def: { format?: string } } }[];
  };
  return [format, ...checks.map((check) => check._zod.def.format)].some((name) => name?.includes('int'));
}

export type Coerced = { ok: true; value: unknown } | { ok: false; problems: string[] };
const good = (value: unknown): Coerced => ({ ok: true, value });

/** A typed text to the value that a schema wants: `01` is text for a string and wrong for a number. */
export function coerce(given: Schema, raw: Raw, where: string): Coerced {
  if (raw.type === 'text' && !raw.quoted && /^null$/i.test(raw.text) && isNullable(given)) return good(null);
  const schema = bare(given);
  const def = defOf(schema);
  const wrong = (): Coerced => ({ ok: false, problems: [`${where}: expected ${typeOf(given)}, found ${show(raw)}`] });
  switch (def.type) {
    case 'string':
      return raw.type === 'text' ? good(raw.text) : wrong();
    case 'number': {
      const value = raw.type === 'text' && !raw.quoted ? numberOf(raw.text) : undefined;
      return value === undefined || (isInt(schema) && !Number.isInteger(value)) ? wrong() : good(value);
    }
    case 'boolean':
      return raw.type === 'text' && !raw.quoted && /^(true|false)$/i.test(raw.text)
        ? good(raw.text.toLowerCase() === 'true')
        : wrong();
    case 'null':
      return raw.type === 'text' && !raw.quoted && /^null$/i.test(raw.text) ? good(null) : wrong();
    case 'enum':
    case 'literal': {
      const values: readonly unknown[] = def.type === 'enum' ? Object.values(def.entries) : def.values;
      const index = raw.type === 'text' ? values.findIndex((value) => sameText(value, raw)) : -1;
      if (index >= 0) return good(values[index]);
      const close = raw.type === 'text' ? nearest(raw.text, values.map(String)) : undefined;
      return {
        ok: false,
        problems: [
          `${where}: expected ${typeOf(given)}, found ${show(raw)}${close ? `; did you mean "${close}"?` : ''}`,
        ],
      };
    }
    case 'array':
      return raw.type === 'list'
        ? coerceItems(raw.items.map((item, i) => coerce(def.element, item, `${where}.${i}`)))
        : wrong();
    case 'tuple':
      if (raw.type !== 'list' || (raw.items.length > def.items.length && !def.rest)) return wrong();
      return coerceItems(
        raw.items.map((item, i) => coerce((def.items[i] ?? def.rest) as Schema, item, `${where}.${i}`)),
      );
    case 'object':
    case 'record':
      return raw.type === 'dict' ? coerceEntries(schema, raw.entries, where) : wrong();
    case 'union':
      return coerceUnion(def.options, raw) ?? wrong();
    default:
      return good(byLook(raw));
  }
}

function coerceItems(items: readonly Coerced[]): Coerced {
  const problems = items.flatMap((item) => (item.ok ? [] : item.problems));
  return problems.length > 0 ? { ok: false, problems } : good(items.map((item) => (item.ok ? item.value : undefined)));
}

function coerceEntries(schema: Schema, entries: readonly (readonly [string, Raw])[], where: string): Coerced {
  const problems: string[] = [];
  const values = entries.flatMap(([key, raw]) => {
    const inner = fieldOf(schema, key);
    const coerced: Coerced = inner
      ? coerce(inner, raw, `${where}.${key}`)
      : { ok: false, problems: [unknownKey(schema, `${where}.`, key)] };
    if (coerced.ok) return [[key, coerced.value]];
    problems.push(...coerced.problems);
    return [];
  });
  return problems.length > 0 ? { ok: false, problems } : good(Object.fromEntries(values));
}

/** Unquoted text is tried as a number or a word of the language before it is taken for text. */
function coerceUnion(options: readonly Schema[], raw: Raw): Coerced | undefined {
  const isText = (option: Schema): boolean => defOf(bare(option)).type === 'string';
  const ordered = [...options.filter((option) => !isText(option)), ...options.filter(isText)];
  for (const option of ordered) {
    const coerced = coerce(option, raw, '');
    if (coerced.ok && (option as z.ZodType).safeParse(coerced.value).success) return coerced;
  }
  return undefined;
}

/** The schema of a key; undefined where there is none. */
export function fieldOf(schema: Schema, key: string): Schema | undefined {
  const def = defOf(bare(schema));
  if (def.type === 'object')
    return Object.hasOwn(def.shape, key)
      ? def.shape[key]
      : def.catchall && defOf(def.catchall).type !== 'never'
        ? def.catchall
        : undefined;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'union')
    return def.options.map((option) => fieldOf(option, key)).find((found) => found !== undefined);
  return undefined;
}

/** Every dotted name below a schema. */
export function namesIn(schema: Schema, prefix = ''): string[] {
  const def = defOf(bare(schema));
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([key, inner]) => [
    `${prefix}${key}`,
    ...namesIn(inner, `${prefix}${key}.`),
  ]);
}

export function unknownKey(schema: Schema, prefix: string, key: string): string {
  const close = nearest(
    key,
    namesIn(schema).filter((name) => !name.includes('.')),
  );
  return `${prefix}${key}: no such parameter${close ? `; did you mean "${prefix}${close}"?` : ''}`;
}

function sameText(value: unknown, raw: Raw & { type: 'text' }): boolean {
  if (typeof value === 'string') return value === raw.text;
  if (raw.quoted) return false;
  return typeof value === 'number' ? numberOf(raw.text) === value : String(value) === raw.text.toLowerCase();
}

/** Decimal forms only: a leading zero is a sign of a name or a date, not of a number. */
function numberOf(text: string): number | undefined {
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?((0|[1-9](_?\d)*)(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const plain = text.replaceAll('_', '').replace(/^\+/, '');
  return losesDigits(plain) ? undefined : Number(plain) + 0;
}

/** Of an integer that no double holds: it would be another. */
function losesDigits(text: string): boolean {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || Number.isSafeInteger(value)) return false;
  return String(value) !== text && (!Number.isFinite(value) || BigInt(text) !== BigInt(value));
}

function byLook(raw: Raw): unknown {
  if (raw.type === 'list') return raw.items.map(byLook);
  if (raw.type === 'dict') return Object.fromEntries(raw.entries.map(([key, value]) => [key, byLook(value)]));
  if (raw.quoted) return raw.text;
  if (/^null$/i.test(raw.text)) return null;
  if (/^(true|false)$/i.test(raw.text)) return raw.text.toLowerCase() === 'true';
  return numberOf(raw.text) ?? raw.text;
}

export function show(value: unknown): string {
  if (isPlain(value) && value.type === 'text')
    return value.quoted === true ? `text ${JSON.stringify(value.text)}` : JSON.stringify(value.text);
  if (isPlain(value) && value.type === 'list') return 'a list';
  if (isPlain(value) && value.type === 'dict') return 'a dictionary';
  if (typeof value === 'number') return String(value); // JSON has no words for nan and inf
  return JSON.stringify(value) ?? String(value);
}
