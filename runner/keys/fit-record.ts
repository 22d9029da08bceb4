import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isTable, type Json } from '../../cache/canonical-json.ts';
import type { Digest } from '../../cache/digest.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import { isArtifact, type Kind, kindOf } from '../../tasks/core/artifact.ts';
import { streamOf } from '../../tasks/core/stream.ts';
import { type HeldArtifact, mapArtifacts } from '../values/leaves.ts';
import type { Output } from '../values/output.ts';
import { asStored, outputFrom, storedOutput, toStored } from '../values/stored.ts';
import { digestsOf, isDeclaredAs, wasTransformed } from './declared-type.ts';
import { isOfMachine } from './fault-of-machine.ts';
import type { KeyedCall } from './keyed-call.ts';

/**
 * A record as today's code has it: where the type of an output, or what its kind computes, is another than when it was last
 * checked, stored files are inspected again and values are checked. In words why, when it does not fit any more.
 */
export async function fitRecord(store: Store, call: KeyedCall, record: NodeRecord): Promise<NodeRecord | string> {
  const fitted = await fitsToday(store, call, record);
  if (typeof fitted === 'string' || fitted === record) return fitted;
  await store.records.set(fitted).catch((error: unknown) => {
    if (!Problem.is(error) || error.code !== 'store-read-only') throw error; // it is worked out again the next time
  });
  return fitted;
}

/** The same, and nothing is kept. */
export async function fitsToday(store: Store, call: KeyedCall, record: NodeRecord): Promise<NodeRecord | string> {
  const outputs: Record<string, Json> = { ...record.outputs };
  const changed = Object.entries(call.types).filter(([name, type]) => !isDeclaredAs(record.types?.[name], type));
  if (changed.length === 0) return record;
  try {
    for (const [name, { transforms }] of changed) {
      const json = record.outputs[name];
      const type = call.spec.outputs[name];
      if (type === undefined || (json === undefined && !mayBeLeftOut(type)))
        return `its output ${name} is not in its stored result`;
      const before = record.types?.[name];
      if ((transforms && before !== undefined) || wasTransformed(before))
        return `the type of its output ${name} transforms otherwise`;
      if (json === undefined) continue;
      outputs[name] = storedOutput(await fitOutput(outputFrom(json), type, { store, name, transforms }));
    }
  } catch (error) {
    if (Problem.is(error) && error.code !== notInspected) return error.message;
    throw error;
  }
  return { ...record, outputs, types: digestsOf(call.types) };
}

/** Not stored is what a type gives of nothing, where that is nothing. */
function mayBeLeftOut(type: z.ZodType): boolean {
  const parsed = type.safeParse(undefined);
  return parsed.success && parsed.data === undefined;
}

interface Place {
  readonly store: Store;
  readonly name: string;
  /** A value that was transformed does not fit what it was made from. */
  readonly transforms: boolean;
}

async function fitOutput(output: Output, type: z.ZodType, place: Place): Promise<Output> {
  if ('value' in output) return { value: await fitValue(output.value, type, place) };
  const item = streamOf(type)?.item;
  const items: { key: string; value: unknown }[] = [];
  const element = item ?? (type instanceof z.ZodArray ? (type.element as z.ZodType) : undefined);
  for (const { key, value } of output.items) {
    items.push({ key, value: element ? await fitValue(value, element, place) : value });
  }
  return { items };
}

async function fitValue(value: unknown, type: z.ZodType, place: Place): Promise<unknown> {
  const kinds = kindsIn(type);
  const artifacts: HeldArtifact[] = [];
  mapArtifacts(value, (one) => artifacts.push(one));
  const metas = new Map<HeldArtifact, unknown>();
  for (const one of artifacts) {
    const kind = kinds.get(one.kind);
    if (kind) metas.set(one, await inspectAgain(one, kind, place));
  }
  const described = mapArtifacts(value, (one) => (metas.has(one) ? { ...one, meta: metas.get(one) } : one));
  if (place.transforms) return described;
  const parsed = type.safeParse(described);
  if (!parsed.success) {
    const why = z.prettifyError(parsed.error);
    throw new Problem('misfit', `its stored output ${place.name} does not fit its type: ${why}`);
  }
  if (isPartOf(toStored(parsed.data), toStored(described))) return asStored(parsed.data);
  throw new Problem('misfit', `the type of its output ${place.name} makes another value of what is stored`);
}

/** A type may leave fields out. */
function isPartOf(part: Json | undefined, whole: Json | undefined): boolean {
  if (Array.isArray(part) && Array.isArray(whole))
    return part.length === whole.length && part.every((one: Json, i) => isPartOf(one, whole[i] as Json));
  if (!isTable(part) || !isTable(whole)) return part === whole;
  return Object.entries(part).every(([key, one]) => isPartOf(one as Json, whole[key] as Json | undefined));
}

let inspected = 0;

async function inspectAgain({ digest }: HeldArtifact, kind: Kind, { store, name }: Place): Promise<unknown> {
  inspected += 1;
  const folder = join(store.root, 'tmp', `inspect-${process.pid}-${inspected}`);
  let path = folder;
  try {
    ({ path } = store.checkout(digest as Digest, folder));
    const parsed = kind.meta.safeParse(await kind.inspect(path));
    if (parsed.success) return parsed.data;
    throw new Problem('misfit', z.prettifyError(parsed.error));
  } catch (cause) {
    if (isOfMachine(cause, path)) throw cannotInspect(name, kind, cause);
    throw new Problem('misfit', `its stored output ${name} is no ${kind.name} any more: ${messageOf(cause)}`, {
      cause,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true }); // adopted files lie elsewhere
  }
}

const notInspected = 'not-inspected';

function cannotInspect(name: string, { name: kind }: Kind, cause: unknown): Problem {
  return new Problem(
    notInspected,
    `A stored output ${name} could not be inspected again, as its ${kind} wants since its code changed: ${messageOf(cause)}`,
    { hint: 'Nothing is lost, and nothing runs again for that. Mend what is said here, and start again.', cause },
  );
}

/** The kinds that a type names, at any depth. */
function kindsIn(type: unknown, found = new Map<string, Kind>(), seen = new Set<unknown>()): Map<string, Kind> {
  if (typeof type !== 'object' || type === null || seen.has(type) || isArtifact(type)) return found;
  seen.add(type);
  const kind = kindOf(type);
  if (kind) found.set(kind.name, kind);
  const parts = '_zod' in type ? Object.values((type as z.ZodType)._zod.def) : Object.values(type);
  if (!kind) for (const part of parts) kindsIn(part, found, seen);
  return found;
}
