import { isUtf8 } from 'node:buffer';
import { existsSync, lstatSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { z } from 'zod';
import { type Digest, isDigest } from '../../cache/digest.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { isArtifact, type Kind, kindOf } from '../../tasks/core/artifact.ts';
import { keyOf } from '../../tasks/core/keyed-list.ts';
import { type StreamSpec, streamOf } from '../../tasks/core/stream.ts';
import type { Item, Output } from '../values/output.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { ReadyItem } from './releases.ts';
import type { StagedJob } from '../job/staged-job.ts';
import { asStored } from '../values/stored.ts';
import { findLostNumber } from '../files/kept-numbers.ts';
import { readRegularBytes, refuseSpecial } from '../../cache/regular-file.ts';
import { type HeldArtifact, mapArtifacts } from '../values/leaves.ts';
import { sortedItems } from '../values/output.ts';

/**
 * Takes what a job made into the store, checked: files first, so that a record never names what is not there.
 *
 * What a job on another host wrote stays until its record is kept: a driver that is killed here is followed by another, which
 * takes in the same.
 *
 * `released` are the items of its streams, which are in the store already. Throws a `Problem` that names the output.
 */
export async function ingest(
  job: StagedJob,
  store: Store,
  released: ReadonlyMap<string, readonly Item[]>,
): Promise<Record<string, Output>> {
  const { spec } = job.call;
  const returned = spec.run ? readReturned(job) : undefined;
  const outputs: Record<string, Output> = {};
  for (const [name, type] of Object.entries(spec.outputs)) {
    if (streamOf(type)) {
      outputs[name] = { items: sortedItems(released.get(name) ?? []) };
      continue;
    }
    const given = returned ? returned[name] : givenByProgram(job, name, type);
    if (given === undefined && type instanceof z.ZodOptional) continue; // absent, as for whoever takes it
    const stored = await nested(spec.name, name, async () => {
      return keepable(await take(given, type, { job, store, where: name }), type, spec.name, name);
    });
    const key = keyOf(type);
    outputs[name] = key === undefined ? { value: stored } : { items: keyedItems(stored, key, { spec, name }) };
  }
  return outputs;
}

/** What is nested in itself for thousands of times has no room on the stack of whoever walks it. */
async function nested<T>(task: string, where: string, walk: () => Promise<T>): Promise<T> {
  try {
    return await walk();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Problem('wrong-output', `${task} gave ${where} nested too deep to be kept: ${cause.message}.`, {
      hint: 'Keep what is so deep in a file, or write it as a list.',
      cause,
    });
  }
}

/** The items of a `keyedList`, under the keys that they carry. */
function keyedItems(list: unknown, key: string, { spec, name }: { spec: TaskSpec; name: string }): Item[] {
  const items = (list as Record<string, unknown>[]).map((value, i) => {
    const own = value[key];
    if (typeof own === 'string' || typeof own === 'number') return { key: String(own), value };
    throw new Problem('wrong-key', `${spec.name} gave an item of ${name} whose ${key} is no text and no number.`, {
      hint: `It is at ${name}.${i}.${key}: keys of a keyedList are text or numbers.`,
    });
  });
  const sorted = sortedItems(items);
  const twice = sorted.find((item, i) => item.key === sorted[i - 1]?.key);
  if (twice === undefined) return sorted;
  throw new Problem('key-twice', `${spec.name} gave two items of ${name} the ${key} "${twice.key}".`);
}

/** Stores one item of a stream while its job goes on writing others. */
export async function ingestItem(
  ready: Pick<ReadyItem, 'key' | 'path'>,
  spec: StreamSpec,
  { job, store, output }: ItemPlace,
): Promise<Item> {
  const where = `${output}/${ready.key}`;
  const kind = kindOf(spec.item);
  const value = kind
    ? await takeFiles(ready.path, kind, { job, store, where }, 'copy')
    : parseExact(ready.path, job, where);
  return nested(job.call.spec.name, where, async () => {
    if (!kind) refuseLookalikes(value, { job, store, where });
    return { key: ready.key, value: keepable(value, spec.item, job.call.spec.name, where) };
  });
}

interface ItemPlace {
  readonly job: StagedJob;
  readonly store: Store;
  readonly output: string;
}

interface Place {
  readonly job: StagedJob;
  readonly store: Store;
  readonly where: string;
}

/** A returned value with the paths that stand for artifacts taken into the store, at any depth. */
async function take(given: unknown, type: z.ZodType, place: Place): Promise<unknown> {
  const kind = kindOf(type);
  if (kind) return takeArtifact(given, kind, place);
  const inner = innerType(type);
  if (inner) return given === undefined || given === null ? given : take(given, inner, place);
  if (type instanceof z.ZodArray && Array.isArray(given)) {
    const values: unknown[] = [];
    for (const [i, value] of given.entries()) {
      values.push(await take(value, type.element as z.ZodType, { ...place, where: `${place.where}.${i}` }));
    }
    return values;
  }
  if (type instanceof z.ZodObject && typeof given === 'object' && given !== null) {
    const fields = Object.entries(type.shape);
    const values: Record<string, unknown> = { ...given };
    for (const [key, field] of fields) {
      values[key] = await take(values[key], field, { ...place, where: `${place.where}.${key}` });
    }
    return values;
  }
  refuseLookalikes(given, place);
  return given;
}

/**
 * What comes as plain data and has all that makes an artifact would come back as one. A body may hand on an artifact that it
 * was given where its type allows for anything.
 */
function refuseLookalikes(given: unknown, place: Place): void {
  const { job, store } = place;
  mapArtifacts(given, ({ digest }, _, keys) => {
    if (job.call.spec.run && isDigest(digest) && store.hasTree(digest)) return undefined;
    throw new Problem(
      'wrong-output',
      `${job.call.spec.name} gave plain data at ${[place.where, ...keys].join('.')} that nothing tells from files in the store.`,
      { hint: 'Call one of its fields kind, digest and path otherwise, or declare it as the artifact that it is.' },
    );
  });
}

function innerType(type: z.ZodType): z.ZodType | undefined {
  const wraps = type instanceof z.ZodOptional || type instanceof z.ZodNullable || type instanceof z.ZodDefault;
  return wraps ? (type.unwrap() as z.ZodType) : undefined;
}

async function takeArtifact(given: unknown, kind: Kind, place: Place): Promise<HeldArtifact> {
  if (typeof given === 'string') return takeFiles(given, kind, place, place.job.isRemote ? 'keep' : 'move');
  if (isArtifact(given) && given.kind === kind.name && place.store.hasTree(given.digest as Digest))
    return passedOn(given, place);
  const { spec } = place.job.call;
  throw new Problem('wrong-output', `${spec.name} gave no files for ${place.where}.`, {
    hint: `Return the path of what it wrote (out.${place.where}), or an artifact that it was given.`,
  });
}

/** An input handed on as an output: its files are in the store already. */
function passedOn(given: { kind: string; digest: string; meta: unknown }, { store }: Place): HeldArtifact {
  const tree = store.readTree(given.digest as Digest);
  const size = (tree?.entries ?? []).reduce((total, entry) => total + (entry.kind === 'file' ? entry.size : 0), 0);
  return { kind: given.kind, digest: given.digest, meta: given.meta, path: '', size };
}

async function takeFiles(path: string, kind: Kind, place: Place, how: 'move' | 'keep' | 'copy'): Promise<HeldArtifact> {
  const { spec } = place.job.call;
  const isOwn = isOfJob(path, place);
  try {
    if (isOwn || kind.hold === 'copy') await named(place, () => refuseSpecial(path));
    const meta = await describe(path, kind, place);
    if (kind.hold === 'adopt' && !isOwn) {
      const { digest, size } = await place.store.adoptTree(path, { names: await kind.files?.(path) });
      return { kind: kind.name, digest, meta, path: '', size };
    }
    if (!isOwn) refuseForeign(path, place);
    // A part of an input, named as an output, stays in the input too.
    const { digest, size } = await place.store.putTree(path, { how: isOfInput(path, place) ? 'copy' : how });
    return { kind: kind.name, digest, meta, path: '', size };
  } catch (error) {
    if (existsSync(path) || isLink(path)) throw error;
    throw new Problem('output-missing', `${spec.name} ended well but did not write its output ${place.where}.`, {
      hint: `It was expected at ${path}.`,
    });
  }
}

async function describe(path: string, kind: Kind, { job, where }: Place): Promise<unknown> {
  const task = job.call.spec.name;
  try {
    const parsed = kind.meta.safeParse(await kind.inspect(path));
    if (parsed.success) return parsed.data;
    throw new Problem('wrong-output', `The facts of ${where} do not fit:\n${z.prettifyError(parsed.error)}`);
  } catch (cause) {
    const hint = Problem.is(cause) && cause.hint ? { hint: cause.hint } : {};
    throw new Problem(
      'wrong-output',
      `${task} wrote something to ${where} that is no ${kind.name}: ${messageOf(cause)}`,
      {
        ...hint,
        cause,
      },
    );
  }
}

/** Whether it lies in the job's own folder, which goes away: then it moves into the store, whatever its kind. */
function isOfJob(path: string, { job }: Place): boolean {
  return isInside(path, job.outFolder) || isInside(path, job.folder);
}

function isOfInput(path: string, { job }: Place): boolean {
  return job.inputFolders.some((folder) => isInside(path, folder));
}

function isInside(path: string, folder: string): boolean {
  return !relative(folder, resolve(path)).startsWith('..');
}

/** Moving files out of a folder that is not the job's own would take them from somebody. */
function refuseForeign(path: string, { job, where }: Place): never {
  throw new Problem(
    'wrong-output',
    `${job.call.spec.name} gave ${path} for ${where}, which is outside of its folder.`,
    {
      hint: `Write to out.${where.split('.')[0]}, or declare the kind with hold: 'adopt' to leave files where they lie.`,
    },
  );
}

function givenByProgram(job: StagedJob, name: string, type: z.ZodType): unknown {
  const path = job.out[name] as string;
  if (kindOf(type)) return path;
  if (existsSync(path) || isLink(path)) return kindOf(innerType(type) ?? type) ? path : parseExact(path, job, name);
  if (type instanceof z.ZodOptional || type instanceof z.ZodDefault) return undefined;
  throw new Problem('output-missing', `${job.call.spec.name} ended well but did not write its output ${name}.`, {
    hint: `It was expected at ${path}, as JSON.`,
  });
}

function readReturned(job: StagedJob): Record<string, unknown> {
  return parseJson(readOf(`${job.folder}/outputs.json`, job, 'its outputs'), job, 'its outputs') as Record<
    string,
    unknown
  >;
}

/** What a program wrote, of which no number becomes another: a result that was computed for hours is exact or refused by name. */
function parseExact(path: string, job: StagedJob, where: string): unknown {
  const text = readOf(path, job, where);
  const lost = findLostNumber(text);
  if (lost === undefined) return parseJson(text, job, where);
  const place = [where, ...lost.keys].join('.');
  throw new Problem(
    'wrong-output',
    `${job.call.spec.name} wrote ${lost.text} to ${place}, which cannot be kept as it is.`,
    {
      hint: [
        /\d/.test(lost.text)
          ? 'Write it as text: numbers of JSON are doubles, which lose digits of integers beyond 2^53.'
          : 'Write null or text: JSON has no such number.',
        `What it wrote is kept at ${path}`,
      ].join('\n'),
    },
  );
}

function readOf(path: string, job: StagedJob, where: string): string {
  let bytes: Buffer;
  try {
    bytes = readRegularBytes(path);
  } catch (cause) {
    throw unreadable(cause, { job, where });
  }
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new Problem('wrong-output', `${job.call.spec.name} wrote bytes to ${where} that are no UTF-8.`, {
    hint: `JSON is text in UTF-8. What it wrote is kept at ${path}`,
  });
}

async function named(place: Place, look: () => Promise<void>): Promise<void> {
  await look().catch((cause: unknown) => {
    throw unreadable(cause, place);
  });
}

function unreadable(cause: unknown, { job, where }: Pick<Place, 'job' | 'where'>): Problem {
  const hint = Problem.is(cause) ? cause.hint : undefined;
  const message = `${job.call.spec.name} left something at ${where} that cannot be read: ${messageOf(cause)}`;
  return new Problem('wrong-output', message, { hint, cause });
}

/** Also one that leads nowhere. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function parseJson(text: string, job: StagedJob, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Problem(
      'wrong-output',
      `${job.call.spec.name} wrote something to ${where} that is not JSON: ${messageOf(cause)}`,
    );
  }
}

/** A value that fits its type, as it comes back from a record. */
function keepable(value: unknown, type: z.ZodType, task: string, where: string): unknown {
  const parsed = type.safeParse(value);
  if (!parsed.success) {
    throw new Problem(
      'wrong-output',
      `Output ${where} of ${task} does not fit its type:\n${z.prettifyError(parsed.error)}`,
    );
  }
  try {
    return asStored(parsed.data);
  } catch (cause) {
    if (!Problem.is(cause)) throw cause;
    throw new Problem(cause.code, `Output ${where} of ${task} cannot be kept: ${cause.message}`, {
      hint: cause.hint,
      cause,
    });
  }
}
