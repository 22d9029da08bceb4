import { recordProblem, type Shard } from '../formats/tfrecord/shard.ts';
import { bytesCountOf, bytesOf, floatsOf, intsOf, type Located, locateFeatures } from '../formats/tf-example/read.ts';
import type { Source } from '../formats/tf-example/wire.ts';
import type { RldsMapping } from './rlds-mapping.ts';
import type { SpanInShard } from './rlds-digests.ts';

/** What a mapping asks of one record; images are read only when they are asked for. */
export interface MappedRecord {
  readonly steps: number;
  /** By the mapping's names. */
  readonly numbers: Readonly<Record<string, { readonly values: Float32Array; readonly width: number }>>;
  /** In the mapping's order; '' where there is none. */
  readonly instructions: readonly string[];
  /** The texts that name the episode. */
  readonly key: readonly string[];
  readonly success: boolean;
  /** JPEG or PNG files of all steps, by the mapping's names. */
  readonly readImages: (name: string) => Uint8Array[];
}

/** Reads a record by the mapping. Throws `feature-missing`, `steps-differ`, `wrong-type`. */
export function readMapped(shard: Shard, spanInShard: SpanInShard, mapping: RldsMapping): MappedRecord {
  const { record, start, length } = spanInShard;
  const framing = 12;
  const source: Source = { shard, span: { shard: shard.name, record, offset: start - framing, start, length } };
  const optional = [...mapping.instructions, ...mapping.key, ...(mapping.success ? [mapping.success] : [])];
  const needed = [...Object.values(mapping.images), ...Object.values(mapping.numbers).flat()];
  const located = locateFeatures(source, new Set([...needed, ...optional]));
  refuseMissing(source, needed, located);

  const steps = stepsOf(source, mapping, located);
  const numbers = Object.entries(mapping.numbers).map(([name, features]) => {
    const parts = features.map((feature) => numbersOf(source, feature, { located, steps }));
    return [name, sideBySide(parts, steps)] as const;
  });
  const text = (name: string): string => textOf(source, located.get(name));
  return {
    steps,
    numbers: Object.fromEntries(numbers),
    instructions: mapping.instructions.map(text),
    key: mapping.key.map(text),
    success: mapping.success === undefined || text(mapping.success).includes('success'),
    readImages: (name) => bytesOf(source, located.get(mapping.images[name] ?? '') as Located),
  };
}

function refuseMissing({ span }: Source, needed: readonly string[], located: ReadonlyMap<string, Located>): void {
  const missing = needed.filter((name) => (located.get(name)?.pieces ?? []).length === 0).map((name) => `"${name}"`);
  if (missing.length === 0) return;
  throw recordProblem('feature-missing', span, `it has no feature ${[...new Set(missing)].join(', ')}`);
}

/** A record has one image a step and, where it has no images, one instruction a step. */
function stepsOf(source: Source, mapping: RldsMapping, located: ReadonlyMap<string, Located>): number {
  const images = Object.values(mapping.images);
  const counted = images.length > 0 ? images : mapping.instructions.filter((name) => located.has(name)).slice(0, 1);
  const counts = counted.map((name) => ({ name, steps: bytesCountOf(source, located.get(name) as Located) }));
  const [first, ...others] = counts;
  if (first === undefined || first.steps === 0) throw recordProblem('episode-empty', source.span, 'it has no steps');
  const differing = others.find(({ steps }) => steps !== first.steps);
  if (differing === undefined) return first.steps;
  const what = `"${first.name}" has ${first.steps} steps, "${differing.name}" has ${differing.steps}`;
  throw recordProblem('steps-differ', source.span, what);
}

interface Numbers {
  readonly values: ArrayLike<number>;
  readonly width: number;
}

function numbersOf(
  source: Source,
  name: string,
  { located, steps }: { located: ReadonlyMap<string, Located>; steps: number },
): Numbers {
  const list = located.get(name) as Located;
  if (list.type === 'bytes') throw recordProblem('wrong-type', source.span, `"${name}" holds bytes, not numbers`);
  const values = list.type === 'float' ? floatsOf(source, list) : Float32Array.from(intsOf(source, list), Number);
  const width = values.length / steps;
  if (Number.isInteger(width) && width > 0) return { values, width };
  throw recordProblem('steps-differ', source.span, `"${name}" has ${values.length} values for ${steps} steps`);
}

/** Values of several features of a step behind one another. */
function sideBySide(parts: readonly Numbers[], steps: number): { values: Float32Array; width: number } {
  const width = parts.reduce((sum, part) => sum + part.width, 0);
  const values = new Float32Array(steps * width);
  let column = 0;
  for (const part of parts) {
    for (let step = 0; step < steps; step += 1) {
      for (let i = 0; i < part.width; i += 1)
        values[step * width + column + i] = part.values[step * part.width + i] as number;
    }
    column += part.width;
  }
  return { values, width };
}

/** The first value: instructions repeat at each step. A whole number is written out. */
function textOf(source: Source, list: Located | undefined): string {
  if (list?.type === 'int') return String(intsOf(source, list)[0] ?? '');
  if (list?.type !== 'bytes') return '';
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytesOf(source, list, 1)[0] ?? new Uint8Array());
}
