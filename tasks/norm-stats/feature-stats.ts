import { Problem } from '../../cache/problem.ts';
import { readEpisodes } from '../formats/lerobot-dataset/read.ts';

/** Statistics of one feature, per dimension. */
export interface ExactStats {
  readonly mean: number[];
  readonly std: number[];
  readonly q01: number[];
  readonly q99: number[];
  readonly min: number[];
  readonly max: number[];
}

/** Holds the asked features of the whole dataset in memory, as float64: quantiles are exact. Keys keep their order. */
export async function featureStats(
  path: string,
  keys: readonly string[],
  onEpisode: (done: number) => void = () => {},
): Promise<Record<string, ExactStats>> {
  const series = new Map<string, Float64Array[]>(keys.map((key) => [key, []]));
  const widths = new Map<string, number>();
  let done = 0;
  for await (const { length, columns } of readEpisodes(path, { columns: [...series.keys()] })) {
    for (const [key, parts] of series) {
      const column = columns[key];
      if (column === undefined) continue;
      parts.push(column instanceof BigInt64Array ? Float64Array.from(column, Number) : Float64Array.from(column));
      widths.set(key, column.length / length);
    }
    done += 1;
    onEpisode(done);
  }
  const stats = [...series].map(([key, parts]) => [key, exactStats(key, parts, widths.get(key) ?? 0)]);
  return Object.fromEntries(stats) as Record<string, ExactStats>;
}

function exactStats(key: string, parts: readonly Float64Array[], width: number): ExactStats {
  const dimensions = Array.from({ length: width }, (_, dimension) => dimensionStats(key, parts, { dimension, width }));
  const list = (pick: keyof (typeof dimensions)[number]): number[] => dimensions.map((stats) => stats[pick]);
  return {
    mean: list('mean'),
    std: list('std'),
    q01: list('q01'),
    q99: list('q99'),
    min: list('min'),
    max: list('max'),
  };
}

function dimensionStats(
  key: string,
  parts: readonly Float64Array[],
  { dimension, width }: { dimension: number; width: number },
): Record<keyof ExactStats, number> {
  const count = parts.reduce((sum, part) => sum + part.length / width, 0);
  const values = new Float64Array(count);
  let filled = 0;
  for (const part of parts) {
    for (let i = dimension; i < part.length; i += width) {
      values[filled] = part[i] as number;
      filled += 1;
    }
  }
  if (!values.every(Number.isFinite)) {
    throw new Problem('value-not-finite', `Feature "${key}" has values that are not finite in dimension ${dimension}.`);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  values.sort();
  const [min, max] = [values[0] as number, values[count - 1] as number];
  return { mean, std, q01: quantile(values, 0.01), q99: quantile(values, 0.99), min, max };
}

/** Linear between neighbours, as numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const low = sorted[Math.floor(position)] as number;
  const high = sorted[Math.ceil(position)] as number;
  return low + (high - low) * (position - Math.floor(position));
}
