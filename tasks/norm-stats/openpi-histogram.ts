/** Bins of openpi's histograms (`num_quantile_bins` in src/openpi/shared/normalize.py). */
export const binCount = 5000;

/** What openpi adds to the range of the first batch, on both sides; later ranges have none. */
const firstPadding = 1e-10;

/**
 * The running histogram of one dimension, float64 throughout, bit for bit as numpy makes it.
 *
 * Counts can be lost when the range grows, and then move left by up to one bin: openpi does so, and its users compare.
 */
export class RunningHistogram {
  readonly counts = new Float64Array(binCount);
  readonly edges: Float64Array;
  private readonly fresh = new Float64Array(binCount);

  constructor(low: number, high: number) {
    this.edges = new Float64Array(binCount + 1);
    linspace(this.edges, low - firstPadding, high + firstPadding);
  }

  /** Moves each bin's count, whole, into the new bin that holds its left edge; counts outside of the range are lost. */
  relay(low: number, high: number): void {
    const lefts = this.edges.slice(0, binCount);
    linspace(this.edges, low, high);
    this.fresh.fill(0);
    for (let k = 0; k < binCount; k += 1) {
      const count = this.counts[k] as number;
      if (count === 0) continue;
      const bin = binOf(this.edges, lefts[k] as number);
      if (bin >= 0) this.fresh[bin] = (this.fresh[bin] as number) + count;
    }
    this.counts.set(this.fresh);
  }

  add(value: number): void {
    const bin = binOf(this.edges, value);
    if (bin >= 0) this.counts[bin] = (this.counts[bin] as number) + 1;
  }

  /** The left edge of the first bin at which `share` of `count` values is reached; the maximum if it never is. */
  quantile(share: number, count: number): number {
    const target = share * count;
    let sum = 0;
    for (let k = 0; k < binCount; k += 1) {
      sum += this.counts[k] as number;
      if (sum >= target) return this.edges[k] as number;
    }
    return this.edges[binCount] as number;
  }
}

/** numpy's linspace: the product is rounded before the sum, and the last edge is the upper end itself. */
function linspace(edges: Float64Array, low: number, high: number): void {
  const range = high - low;
  const step = range / binCount;
  for (let k = 0; k < binCount; k += 1) edges[k] = step === 0 ? (k / binCount) * range + low : k * step + low;
  edges[binCount] = high;
}

/**
 * The bin of a value, -1 outside of all. Bins are open on the right, the last one is closed, and where edges coincide the
 * last of them counts.
 */
function binOf(edges: Float64Array, value: number): number {
  const [low, high] = [edges[0] as number, edges[binCount] as number];
  if (!(value >= low && value <= high)) return -1;
  const guess = Math.floor(((value - low) / (high - low)) * binCount);
  let bin = guess >= 0 && guess < binCount ? guess : binCount - 1; // a range of zero makes it NaN
  while (bin < binCount - 1 && (edges[bin + 1] as number) <= value) bin += 1;
  while (bin > 0 && (edges[bin] as number) > value) bin -= 1;
  return bin;
}
