import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { bare, coerce, type Def, defaultOf, defOf, fieldOf, show, typeOf, unknownKey } from './coerce.ts';
import type { Override, Raw } from './override-grammar.ts';
import { isPlain, merge } from './profiles.ts';

export { type Override, parseOverrides } from './override-grammar.ts';

/** Checked parameters of one run of a sweep; `label` names the swept values, as in `seed=1`, and is empty without a sweep. */
export interface Point {
  readonly params: Record<string, unknown>;
  readonly label: string;
}

type Schema = z.core.$ZodType;

/**
 * Every point of the sweep that the overrides ask for, later keys varying fastest.
 *
 * `base` is what a profile gives, `name` what the command line calls the pipeline. Throws `wrong-parameters` with all that is
 * wrong, at every point, at once.
 */
export function applyOverrides(
  params: z.ZodObject,
  base: unknown,
  overrides: readonly Override[],
  name = 'NAME',
): Point[] {
  const problems = new Set<string>(sweptTwice(overrides));
  const points = combinations(overrides).map((choices) => pointOf(params, base, choices, problems));
  if (problems.size === 0) return points;
  throw new Problem('wrong-parameters', ['The parameters are wrong:', ...problems].join('\n  '), {
    hint: `\`pipeline show ${name}\` lists all parameters with their types and defaults.`,
  });
}

/** A swept value that a later argument replaces would still be in the label of its point. */
function sweptTwice(overrides: readonly Override[]): string[] {
  return overrides.flatMap(({ path, values }, i) => {
    if (values.length < 2) return [];
    const name = path.join('.');
    const texts = values.map(write);
    const twice = texts.find((text, at) => texts.indexOf(text) !== at);
    const again = overrides.slice(i + 1).find((later) => `${name}.`.startsWith(`${later.path.join('.')}.`));
    return [
      ...(twice === undefined ? [] : [`${name}: the sweep has ${twice} twice`]),
      ...(again ? [`${name}: is swept, and set again by ${again.arg}`] : []),
    ];
  });
}

export interface Described {
  /** Dotted, as on the command line. */
  readonly name: string;
  readonly type: string;
  /** Undefined where the parameter must be set or may stay unset. */
  readonly default: unknown;
  readonly description?: string;
}

/** Every parameter by its dotted name. */
export function describeParams(params: z.ZodObject): Described[] {
  return describe(params, '', undefined);
}

function describe(schema: Schema, prefix: string, given: unknown): Described[] {
  const def = defOf(bare(schema));
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([key, inner]) => {
    const value = isPlain(given) && Object.hasOwn(given, key) ? given[key] : defaultOf(inner);
    const nested = describe(inner, `${prefix}${key}.`, value);
    if (nested.length > 0) return nested;
    const description = (inner as z.ZodType).description ?? (bare(inner) as z.ZodType).description;
    return [{ name: `${prefix}${key}`, type: typeOf(inner), default: value, ...(description ? { description } : {}) }];
  });
}

interface Choice {
  readonly override: Override;
  readonly value: Raw | undefined;
}

function combinations(overrides: readonly Override[]): Choice[][] {
  let rows: Choice[][] = [[]];
  for (const override of overrides) {
    const values = override.values.length > 0 ? override.values : [undefined];
    rows = rows.flatMap((row) => values.map((value) => [...row, { override, value }]));
  }
  return rows;
}

function pointOf(params: z.ZodObject, base: unknown, choices: readonly Choice[], problems: Set<string>): Point {
  const before = problems.size;
  const tree = completed(params, merge({}, base)) as Record<string, unknown>;
  for (const problem of unknownIn(params, tree, '')) problems.add(problem);
  for (const { override, value } of choices) {
    for (const problem of applyOne(params, tree, override, value)) problems.add(problem);
  }
  const swept = choices.filter(({ override }) => override.values.length > 1);
  const label = swept.map(({ override, value }) => `${override.path.join('.')}=${value ? write(value) : ''}`).join(' ');
  const parsed = params.safeParse(tree);
  if (parsed.success) return { params: parsed.data, label };
  const named = [...problems].slice(before);
  for (const issue of parsed.error.issues) {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') continue; // unknownIn has named them, with a suggestion
    if (named.some((problem) => problem.startsWith(`${path.join('.')}:`))) continue;
    problems.add(inWords(params, tree, path, issue.message));
  }
  return { params: {}, label };
}

/** Where a default is an object and only a part of it was given, the rest is the default's. */
function completed(schema: Schema, value: unknown): unknown {
  if (!isPlain(value)) return value;
  const def = defOf(bare(schema));
  const whole = merge(structuredClone(defaultOf(schema)), value);
  if (def.type !== 'object' || !isPlain(whole)) return whole;
  return Object.fromEntries(
    Object.entries(whole).map(([key, inner]) => [
      key,
      Object.hasOwn(def.shape, key) ? completed(def.shape[key] as Schema, inner) : inner,
    ]),
  );
}

function unknownIn(schema: Schema, value: unknown, prefix: string): string[] {
  if (!isPlain(value) || !['object', 'record'].includes(defOf(bare(schema)).type)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const field = fieldOf(schema, key);
    return field ? unknownIn(field, inner, `${prefix}${key}.`) : [unknownKey(schema, prefix, key)];
  });
}

function applyOne(
  params: Schema,
  tree: Record<string, unknown>,
  { mode, path }: Override,
  raw: Raw | undefined,
): string[] {
  const fields = fieldsAlong(params, path);
  if (typeof fields === 'string') return [fields];
  let folder = tree;
  for (const [depth, key] of path.slice(0, -1).entries()) {
    if (!isPlain(folder[key])) folder[key] = structuredClone(defaultOf(fields[depth] as Schema)) ?? {};
    if (!isPlain(folder[key])) folder[key] = {};
    folder = folder[key] as Record<string, unknown>;
  }
  const [above = params, field = params] = [params, ...fields].slice(-2);
  const place = { folder, key: path.at(-1) ?? '', isOpen: defOf(bare(above)).type === 'record' };
  return applyAt(field, place, mode, raw, path.join('.'));
}

/** The schema at each step of a path, or what is wrong with the path. */
function fieldsAlong(params: Schema, path: readonly string[]): Schema[] | string {
  const fields: Schema[] = [];
  for (const [depth, key] of path.entries()) {
    const above = fields.at(-1) ?? params;
    const field = fieldOf(above, key);
    const prefix = path.slice(0, depth).join('.');
    if (!field) return unknownKey(above, prefix && `${prefix}.`, key);
    fields.push(field);
  }
  return fields;
}

interface Place {
  readonly folder: Record<string, unknown>;
  readonly key: string;
  /** In a record, any name may stand, so a new one must be meant. */
  readonly isOpen: boolean;
}

function applyAt(
  field: Schema,
  { folder, key, isOpen }: Place,
  mode: Override['mode'],
  raw: Raw | undefined,
  name: string,
): string[] {
  const isSet = Object.hasOwn(folder, key);
  const coerced = raw === undefined ? undefined : coerce(field, raw, name);
  if (coerced && !coerced.ok) return coerced.problems;
  const now = isSet ? folder[key] : defaultOf(field);
  if (mode === 'delete') {
    if (isOpen && !isSet) return [`${name}: is not set, so it cannot be removed`];
    if (coerced && !isDeepStrictEqual(now, coerced.value))
      return [`${name}: is ${show(now)}, not ${show(coerced.value)}, so it is not removed`];
    delete folder[key];
    return [];
  }
  if (mode === 'set' && isOpen && !isSet) return [`${name}: is not there yet; add it with +${name}=…`];
  const value = coerced?.value;
  if (mode === 'add' && now !== undefined && !isPlain(now) && !Array.isArray(now)) {
    return [`${name}: is already ${show(now)}; leave out the +`];
  }
  folder[key] =
    mode === 'add' && Array.isArray(now) && Array.isArray(value)
      ? [...now, ...value]
      : merge(isPlain(now) ? now : undefined, value);
  return [];
}

function inWords(params: Schema, tree: unknown, path: readonly string[], message: string): string {
  const name = path.join('.');
  let schema: Schema | undefined = params;
  let value: unknown = tree;
  for (const key of path) {
    const def: Def | undefined = schema && defOf(bare(schema));
    schema = def?.type === 'array' ? def.element : schema && fieldOf(schema, key);
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  const type = schema ? typeOf(schema) : 'a value';
  if (value === undefined) return `${name}: is not set; it must be given (${type})`;
  return `${name}: expected ${type}, found ${show(value)} (${message})`;
}

function write(raw: Raw): string {
  if (raw.type === 'text') return raw.text;
  if (raw.type === 'list') return `[${raw.items.map(write).join(',')}]`;
  return `{${raw.entries.map(([key, value]) => `${key}:${write(value)}`).join(',')}}`;
}
