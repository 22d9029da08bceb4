import { Problem } from '../../../cache/problem.ts';
import { checkData, type RecordSpan } from '../tfrecord/records.ts';
import { recordProblem, Shard } from '../tfrecord/shard.ts';
import { bytesOf, floatsOf, intsOf, type Located, locateFeatures } from '../tf-example/read.ts';
import type { Source } from '../tf-example/wire.ts';
import type { Feature } from './features.ts';

export type FloatValues = Float32Array<ArrayBuffer>;
export type IntValues = BigInt64Array<ArrayBuffer>;
export type ByteValues = Uint8Array<ArrayBuffer>[];

/** What is to be read of each record: plain data, it goes to threads. */
export interface Ask {
  readonly features: readonly (Feature & {
    readonly name: string;
    /** Only the first value of a list of byte strings: instructions repeat at each step. */
    readonly firstOnly: boolean;
  })[];
  /** Whether the data's CRC is compared too, for which all of it is read. */
  readonly checkData: boolean;
  readonly skipBadRecords: boolean;
}

/** One episode. Numbers are flat, step by step; float64 features have the float32 values that are stored. */
export interface Episode extends RecordSpan {
  /** Steps, by the features that were read in full; 0 when there was none of them. */
  readonly steps: number;
  readonly floats: Readonly<Record<string, FloatValues>>;
  readonly ints: Readonly<Record<string, IntValues>>;
  readonly bytes: Readonly<Record<string, ByteValues>>;
}

/** A record that was left out, and why. */
export interface Skipped {
  readonly shard: string;
  readonly record: number;
  readonly offset: number;
  /** Records that are lost with it: all later ones of a shard whose framing is broken. */
  readonly records: number;
  readonly code: string;
  readonly message: string;
}

export interface RecordsRead {
  readonly episodes: readonly Episode[];
  readonly skipped: readonly Skipped[];
  readonly bytesRead: number;
}

/** Reads records of one shard, in order. Damaged ones are listed with `skipBadRecords`, else the first is thrown. */
export function readRecords(path: string, records: readonly RecordSpan[], ask: Ask): RecordsRead {
  const shard = new Shard(path);
  const wanted = new Set(ask.features.map(({ name }) => name));
  const [episodes, skipped]: [Episode[], Skipped[]] = [[], []];
  try {
    for (const span of records) {
      try {
        episodes.push(readEpisode({ shard, span }, ask, wanted));
      } catch (error) {
        if (!ask.skipBadRecords || !Problem.is(error)) throw error;
        const { record, offset } = span;
        skipped.push({ shard: shard.name, record, offset, records: 1, code: error.code, message: error.message });
      }
    }
    return { episodes, skipped, bytesRead: shard.bytesRead };
  } finally {
    shard.close();
  }
}

function readEpisode(source: Source, ask: Ask, wanted: ReadonlySet<string>): Episode {
  if (ask.checkData) checkData(source.shard, source.span);
  const located = locateFeatures(source, wanted);
  const missing = ask.features.filter(({ name }) => !located.has(name)).map(({ name }) => `"${name}"`);
  if (missing.length > 0)
    throw recordProblem('feature-missing', source.span, `it has no feature ${missing.join(', ')}`);

  const floats: Record<string, FloatValues> = {};
  const ints: Record<string, IntValues> = {};
  const bytes: Record<string, ByteValues> = {};
  const lengths: { name: string; steps: number }[] = [];
  for (const feature of ask.features) {
    const list = located.get(feature.name) as Located;
    if (list.type !== feature.list && list.pieces.length > 0) throw wrongType(source, feature, list);
    let size: number;
    if (feature.list === 'float') size = (floats[feature.name] = floatsOf(source, list)).length;
    else if (feature.list === 'int') size = (ints[feature.name] = intsOf(source, list)).length;
    else size = (bytes[feature.name] = bytesOf(source, list, feature.firstOnly ? 1 : Infinity)).length;
    lengths.push(...stepsOf(source, feature, size));
  }
  const steps = lengths[0]?.steps ?? 0;
  const differing = lengths.find((length) => length.steps !== steps);
  if (differing) {
    const what = `"${lengths[0]?.name}" has ${steps} steps, "${differing.name}" has ${differing.steps}`;
    throw recordProblem('steps-differ', source.span, what);
  }
  return { ...source.span, steps, floats, ints, bytes };
}

/** How many steps a feature has that was read in full; checks how many values there are. */
function stepsOf({ span }: Source, feature: Ask['features'][number], size: number): { name: string; steps: number }[] {
  if (feature.firstOnly) return [];
  const width = feature.shape.reduce((product, length) => product * length, 1);
  if (feature.perStep && size % width === 0) return [{ name: feature.name, steps: size / width }];
  if (!feature.perStep && size === width) return [];
  const per = feature.perStep ? `${width} for each step` : `${width}`;
  throw recordProblem('wrong-length', span, `"${feature.name}" has ${size} values, where there should be ${per}`);
}

function wrongType({ span }: Source, { name, list, dtype }: Ask['features'][number], located: Located): Error {
  const what = `"${name}" is a list of type ${located.type}, where ${dtype} is stored as ${list}`;
  return recordProblem('wrong-type', span, what, { at: located.pieces[0]?.start ?? span.start });
}
