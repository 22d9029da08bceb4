/** A measured value between the ends of its interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % quantile of the normal distribution. */
const z95 = 1.959964;
const resamples = 10_000;

/** A success rate with its 95 % Wilson score interval, which holds for small counts and for rates of 0 and 1. */
export function rateInterval(successes: number, trials: number): Interval {
  const rate = successes / trials;
  const square = z95 ** 2 / trials;
  const centre = (rate + square / 2) / (1 + square);
  const half = (z95 / (1 + square)) * Math.sqrt((rate * (1 - rate)) / trials + square / (4 * trials));
  return { value: rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** A mean with its 95 % percentile bootstrap interval: 10,000 resamples from a fixed seed, so equal data give equal ends. */
export function meanInterval(values: readonly number[]): Interval {
  const next = seeded(values.length);
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r += 1) {
    let sum = 0;
    for (let k = 0; k < values.length; k += 1) sum += values[Math.floor(next() * values.length)] as number;
    means[r] = sum / values.length;
  }
  means.sort();
  const at = (fraction: number): number => means[Math.round(fraction * (resamples - 1))] as number;
  return { value: mean(values), low: at(0.025), high: at(0.975) };
}

/** The mean of the differences between two measurements of the same trials, with its 95 % bootstrap interval. */
export function pairedDifference(before: readonly number[], after: readonly number[]): Interval {
  return meanInterval(after.map((value, k) => value - (before[k] as number)));
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Tommy Ettinger's "mulberry32" (public domain): numbers in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
