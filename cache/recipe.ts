import type { Json } from './canonical-json.ts';
import { canonicalJson, isTable } from './canonical-json.ts';
import { codeChanges } from './code-parts.ts';
import { commandDifference } from './command-difference.ts';
import { type Digest, digestBytes } from './digest.ts';

/** All that may change a node's outputs, as plain data. Fields that are absent do not count. */
export interface Recipe {
  format: 1;
  task: string;
  /** Artifacts appear as `{"$artifact": {"kind", "digest"}}`, endpoints as `{"$service": fingerprint}`. */
  inputs: Readonly<Record<string, Json>>;
  /** What is known of the files among the inputs of a TypeScript body, by their place. */
  meta?: Readonly<Record<string, Json>>;
  /** A description of each output's type: another type is another task. */
  outputs: Readonly<Record<string, string>>;
  /** The argument list, with input and output names in place of paths. */
  command?: readonly string[];
  /** Of a TypeScript body: digests by path, versions by `npm:name`. */
  code?: Readonly<Record<string, string>>;
  /** Of the text of a body whose name and module do not say which one it is: a function made it, or there are several. */
  body?: string;
  /** What such a body closes over below its module, by name. */
  closure?: Readonly<Record<string, Json>>;
  /** In place of `code`, when the author freezes the code's identity. */
  version?: string;
  /** Digests of declared code files, by path. */
  files?: Readonly<Record<string, string>>;
  /** Declared environment, by value. */
  env?: Readonly<Record<string, string>>;
  /** What the task saw outside of the store. */
  observed?: Json;
}

export function fingerprint(recipe: Recipe): Digest {
  return digestBytes(canonicalJson(recipe));
}

/** What changed from one recipe to another, in words, one line each; empty when nothing did. */
export function recipeDifference(before: Recipe, after: Recipe): string[] {
  return [
    ...(before.task === after.task ? [] : [`task ${before.task} -> ${after.task}`]),
    ...changedKeys(before.inputs, after.inputs).flatMap((name) =>
      valueChanges(`input ${name}`, own(before.inputs, name), own(after.inputs, name)),
    ),
    ...changedKeys(before.meta, after.meta).flatMap((place) =>
      valueChanges(`what is known of input ${place}`, own(before.meta, place), own(after.meta, place)),
    ),
    ...changedKeys(before.outputs, after.outputs).map((name) => `type of output ${name} changed`),
    ...commandChange(before.command, after.command),
    ...changedKeys(before.code, after.code).map((path) =>
      codeChange(path, own(before.code, path), own(after.code, path)),
    ),
    ...(before.body === after.body ? [] : ['its body changed']),
    ...changedKeys(before.closure, after.closure).flatMap((name) =>
      valueChanges(`${name} that it closes over`, own(before.closure, name), own(after.closure, name)),
    ),
    ...(before.version === after.version ? [] : [`version ${shown(before.version)} -> ${shown(after.version)}`]),
    ...changedKeys(before.files, after.files).flatMap((path) =>
      codeChanges(path, own(before.files, path), own(after.files, path)),
    ),
    ...changedKeys(before.env, after.env).map((name) => {
      return `env ${name} ${shown(own(before.env, name))} -> ${shown(own(after.env, name))}`;
    }),
    ...observedChanges(before.observed, after.observed),
  ];
}

type Table<V extends Json = Json> = Readonly<Record<string, V>>;

function changedKeys(before: Table = {}, after: Table = {}): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].sort().filter((key) => !same(own(before, key), own(after, key)));
}

/** Not what every object has: an input may be called `valueOf`. */
function own<V extends Json>(table: Table<V> | undefined, key: string): V | undefined {
  return table && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Walks down to the leaves that changed. Rows of plain values are shown whole: `[8,8] -> [16,16]` reads best. */
function valueChanges(where: string, before: Json | undefined, after: Json | undefined): string[] {
  const [was, is] = [artifactDigest(before), artifactDigest(after)];
  if (was && is) return [`${where} has other content (${shortDigest(was)} -> ${shortDigest(is)})`];
  if (isService(before) && isService(after)) return [`${where} is another service`];
  if (isTable(before) && isTable(after) && !was && !is) {
    return changedKeys(before, after).flatMap((key) =>
      valueChanges(`${where}.${key}`, own(before, key), own(after, key)),
    );
  }
  if (isRows(before) && isRows(after)) {
    const count = Math.max(before.length, after.length);
    if (before.length !== after.length) return [`${where} has ${items(before.length)} -> ${items(after.length)}`];
    return Array.from({ length: count }, (_, index) => index)
      .filter((index) => !same(before[index], after[index]))
      .flatMap((index) => valueChanges(`${where}[${index}]`, before[index], after[index]));
  }
  return [`${where} ${shown(before)} -> ${shown(after)}`];
}

function items(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}

function codeChange(path: string, before: string | undefined, after: string | undefined): string {
  if (path.startsWith('npm:')) return `${path} ${before ?? 'absent'} -> ${after ?? 'absent'}`;
  if (before === undefined) return `code of ${path} is new`;
  return after === undefined ? `code of ${path} is gone` : `code of ${path} changed`;
}

/** Of a table field by field; what is a digest is one of a file. */
function observedChanges(before: Json | undefined, after: Json | undefined): string[] {
  if (same(before, after)) return [];
  if (!isTable(before) || !isTable(after)) return ['what it observes changed'];
  return changedKeys(before, after).flatMap((key) => {
    const [was, is] = [own(before, key), own(after, key)];
    const isFile = [was, is].every(
      (one) => one === undefined || (typeof one === 'string' && one.startsWith('sha256:')),
    );
    return isFile
      ? codeChanges(key, was as string | undefined, is as string | undefined)
      : valueChanges(`observed ${key}`, was, is);
  });
}

function commandChange(before: readonly string[] | undefined, after: readonly string[] | undefined): string[] {
  if (same(before, after)) return [];
  if (!before || !after) return [`${before ? 'command' : 'TypeScript'} -> ${after ? 'command' : 'TypeScript'}`];
  return [commandDifference(before, after)];
}

function same(before: Json | undefined, after: Json | undefined): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  return canonicalJson(before) === canonicalJson(after);
}

function shown(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  const digest = artifactDigest(value);
  return digest ? shortDigest(digest) : clipped(canonicalJson(value));
}

function clipped(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 40)}… (${text.length} characters)`;
}

function shortDigest(digest: string): string {
  return `${digest.slice(0, 11)}..`;
}

function isRows(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value) && value.some((item) => isTable(item));
}

function artifactDigest(value: Json | undefined): string | undefined {
  const described = isTable(value) ? value.$artifact : undefined;
  return isTable(described) && typeof described.digest === 'string' ? described.digest : undefined;
}

function isService(value: Json | undefined): boolean {
  return isTable(value) && value.$service !== undefined;
}
