import type { Column, Feature } from '../schema/dataset.ts';
import { widthOf } from '../schema/features.ts';
import { type FeatureStats, type QuantileName, quantileNames, quantileShares } from '../schema/feature-stats.ts';

/** Statistics of one episode's column, in float64. Upstream accumulates means in float32, so it differs in the 7th digit. */
export function columnStats(column: Column, feature: Feature): FeatureStats {
  const width = widthOf(feature);
  const values = column instanceof BigInt64Array ? Float64Array.from(column, Number) : column;
  const dimensions = Array.from({ length: width }, (_, dimension) => dimensionStats(values, { dimension, width }));
  const quantiles = quantileNames.map((name) => [name, dimensions.map((each) => each.quantiles[name])]);
  return {
    min: dimensions.map(({ min }) => min),
    max: dimensions.map(({ max }) => max),
    mean: dimensions.map(({ mean }) => mean),
    std: dimensions.map(({ std }) => std),
    count: values.length / width,
    quantiles: Object.fromEntries(quantiles) as Record<QuantileName, number[]>,
  };
}

function dimensionStats(values: ArrayLike<number>, { dimension, width }: { dimension: number; width: number }) {
  const series = Float64Array.from(
    { length: values.length / width },
    (_, i) => values[i * width + dimension] as number,
  );
  let [min, max, sum] = [Infinity, -Infinity, 0];
  for (const value of series) {
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const mean = sum / series.length;
  let squares = 0;
  for (const value of series) squares += (value - mean) ** 2;
  const std = Math.sqrt(squares / series.length);
  return { min, max, mean, std, quantiles: histogramQuantiles(series, { min, max, mean }) };
}

const binCount = 5000;
/** Widens the histogram, so that the largest value falls into the last bin even when all values are equal. */
const edgeMargin = 1e-10;

/**
 * Quantiles as upstream estimates them: a histogram of 5000 equal bins between min and max, linear inside the bin. A
 * series of fewer than two values has its mean in every quantile. `counts`: how often each value occurs, once by default.
 */
export function histogramQuantiles(
  series: ArrayLike<number>,
  { min, max, mean, counts }: { min: number; max: number; mean: number; counts?: ArrayLike<number> },
): Record<QuantileName, number> {
  const from = min - edgeMargin;
  const binWidth = (max + edgeMargin - from) / binCount;
  const bins = new Float64Array(binCount);
  let total = 0;
  for (let i = 0; i < series.length; i += 1) {
    const count = counts?.[i] ?? 1;
    const bin = Math.min(binCount - 1, Math.max(0, Math.floor(((series[i] as number) - from) / binWidth)));
    bins[bin] = (bins[bin] ?? 0) + count;
    total += count;
  }
  const quantile = total < 2 || binWidth === 0 ? () => mean : quantileReader(bins, { from, binWidth, total });
  const quantiles = quantileNames.map((name) => [name, quantile(quantileShares[name])]);
  return Object.fromEntries(quantiles) as Record<QuantileName, number>;
}

function quantileReader(
  bins: Float64Array,
  { from, binWidth, total }: { from: number; binWidth: number; total: number },
): (share: number) => number {
  return (share) => {
    const target = share * total;
    let before = 0;
    let bin = 0;
    while (bin < binCount - 1 && before + (bins[bin] ?? 0) < target) {
      before += bins[bin] ?? 0;
      bin += 1;
    }
    const inside = bin === 0 ? 0 : (target - before) / (bins[bin] || 1);
    return from + (bin + inside) * binWidth;
  };
}

/** Statistics of several episodes, merged one at a time. */
export interface StatsSum {
  readonly add: (stats: FeatureStats) => void;
  readonly total: () => FeatureStats;
}

/**
 * Merges as upstream does: extremes of extremes, pooled mean and variance, and for quantiles the mean weighted by frames
 * (upstream up to 0.6.1), which is not a quantile of the whole.
 */
export function sumStats(width: number): StatsSum {
  const zeros = (): number[] => new Array<number>(width).fill(0);
  const [min, max] = [zeros().fill(Infinity), zeros().fill(-Infinity)];
  const [mean, squares] = [zeros(), zeros()];
  const weighted = Object.fromEntries(quantileNames.map((name) => [name, zeros()])) as Record<QuantileName, number[]>;
  let count = 0;
  const add = (stats: FeatureStats): void => {
    const total = count + stats.count;
    for (let i = 0; i < width; i += 1) {
      min[i] = Math.min(at(min, i), at(stats.min, i));
      max[i] = Math.max(at(max, i), at(stats.max, i));
      const shift = at(stats.mean, i) - at(mean, i);
      squares[i] = at(squares, i) + at(stats.std, i) ** 2 * stats.count + (shift ** 2 * count * stats.count) / total;
      mean[i] = at(mean, i) + (shift * stats.count) / total;
      for (const name of quantileNames)
        weighted[name][i] = at(weighted[name], i) + at(stats.quantiles[name], i) * stats.count;
    }
    count = total;
  };
  const total = (): FeatureStats => {
    const quantiles = quantileNames.map((name) => [name, weighted[name].map((sum) => sum / count)]);
    return {
      min: [...min],
      max: [...max],
      mean: [...mean],
      std: squares.map((sum) => Math.sqrt(sum / count)),
      count,
      quantiles: Object.fromEntries(quantiles) as Record<QuantileName, number[]>,
    };
  };
  return { add, total };
}

function at(values: readonly number[], position: number): number {
  return values[position] as number;
}
