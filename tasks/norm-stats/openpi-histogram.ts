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
  readonly edges = new Float64Array(binCount + 1);
  private readonly before = { edges: new Float64Array(binCount + 1), counts: new Float64Array(binCount) };
  private isPadded = true;

  constructor(low: number, high: number) {
    linspace(this.edges, low - firstPadding, high + firstPadding);
  }

  /** Moves each bin's count, whole, into the new bin that holds its left edge; counts outside of the range are lost. */
  relay(low: number, high: number): void {
    // Without padding and growth every left edge finds its own bin again.
    if (!this.isPadded && low === this.edges[0] && high === this.edges[binCount]) return;
    const { before, counts, edges } = this;
    before.edges.set(edges);
    before.counts.set(counts);
    counts.fill(0);
    linspace(edges, low, high);
    this.isPadded = false;
    for (let k = 0; k < binCount; k += 1) {
      const count = before.counts[k] as number;
      if (count > 0) addTo(counts, edges, before.edges[k] as number, count);
    }
  }

  /** Counts the values of one column. */
  add(values: ArrayLike<number>, { first, every }: { first: number; every: number }): void {
    const { counts, edges } = this;
    for (let i = first; i < values.length; i += every) addTo(counts, edges, values[i] as number, 1);
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
 * Adds to the bin of a value; nothing outside of all. Bins are open on the right, the last one is closed, and where edges
 * coincide the last of them counts.
 */
function addTo(counts: Float64Array, edges: Float64Array, value: number, count: number): void {
  const [low, high] = [edges[0] as number, edges[binCount] as number];
  if (!(value >= low && value <= high)) return;
  let bin = high > low ? Math.min(binCount - 1, Math.floor(((value - low) / (high - low)) * binCount)) : binCount - 1;
  while (bin < binCount - 1 && (edges[bin + 1] as number) <= value) bin += 1;
  while (bin > 0 && (edges[bin] as number) > value) bin -= 1;
  counts[bin] = (counts[bin] as number) + count;
}
