import { Problem } from '../../cache/problem.ts';
import type { FeatureStats } from '../formats/norm-stats.ts';
import { RunningHistogram } from './openpi-histogram.ts';

/** What numpy computes with: openpi's batches are float32, and so are its sums; edges and quantiles are float64 always. */
export type Precision = 'float32' | 'float64';

/**
 * openpi's `RunningStats` (src/openpi/shared/normalize.py), with its roundings: mean and standard deviation from running
 * means of values and squares, quantiles from a histogram that depends on how rows come in batches, and on their order.
 *
 * Values must be finite.
 */
export class OpenpiAccumulator {
  count = 0;
  min = new Float64Array();
  max = new Float64Array();
  histograms: RunningHistogram[] = [];
  private mean: Floats;
  private meanOfSquares: Floats;
  private readonly round: (value: number) => number;
  /** Zeros that round what is stored in them, as numpy's arrays do. */
  private readonly zeros: (length: number) => Floats;

  constructor(precision: Precision) {
    this.round = precision === 'float32' ? Math.fround : (value) => value;
    this.zeros = (length) => (precision === 'float32' ? new Float32Array(length) : new Float64Array(length));
    [this.mean, this.meanOfSquares] = [this.zeros(0), this.zeros(0)];
  }

  /** `batch`: rows of `width` values, one after the other. Throws `vector-length-differs`. */
  update(batch: ArrayLike<number>, width: number): void {
    const rows = batch.length / width;
    const { low, high } = rangesOf(batch, width);
    const { mean, meanOfSquares } = this.meansOf(batch, width);

    if (this.count === 0) this.begin(low, high, { mean, meanOfSquares });
    else this.widen(low, high);
    this.count += rows;
    const weight = this.round(rows / this.count);
    this.blend(this.mean, mean, weight);
    this.blend(this.meanOfSquares, meanOfSquares, weight);
    for (const [d, histogram] of this.histograms.entries()) histogram.add(batch, { first: d, every: width });
  }

  /** Throws `too-few-rows` below two rows, as openpi refuses them. */
  statistics(): Required<FeatureStats> {
    if (this.count < 2) {
      throw new Problem('too-few-rows', `Statistics need two rows at least, not ${this.count}.`);
    }
    const { round } = this;
    const variance = Array.from(this.meanOfSquares, (square, d) => {
      const mean = this.mean[d] as number;
      return round(square - round(mean * mean));
    });
    return {
      mean: [...this.mean],
      std: variance.map((value) => round(Math.sqrt(Math.max(0, value)))),
      q01: this.histograms.map((histogram) => histogram.quantile(0.01, this.count)),
      q99: this.histograms.map((histogram) => histogram.quantile(0.99, this.count)),
    };
  }

  private begin(
    low: Float64Array<ArrayBuffer>,
    high: Float64Array<ArrayBuffer>,
    first: { mean: Floats; meanOfSquares: Floats },
  ): void {
    this.min = low;
    this.max = high;
    this.mean = first.mean.slice();
    this.meanOfSquares = first.meanOfSquares.slice();
    this.histograms = Array.from(low, (least, d) => new RunningHistogram(least, high[d] as number));
  }

  /** When any dimension's range grows, the histograms of all are laid anew. */
  private widen(low: Float64Array, high: Float64Array): void {
    if (low.length !== this.min.length) {
      throw new Problem(
        'vector-length-differs',
        `A batch has vectors of length ${low.length}, where those before had ${this.min.length}.`,
      );
    }
    let grew = false;
    for (let d = 0; d < low.length; d += 1) {
      const [least, most] = [low[d] as number, high[d] as number];
      if (least >= (this.min[d] as number) && most <= (this.max[d] as number)) continue;
      grew = true;
      this.min[d] = Math.min(this.min[d] as number, least);
      this.max[d] = Math.max(this.max[d] as number, most);
    }
    if (!grew) return;
    for (const [d, histogram] of this.histograms.entries()) {
      histogram.relay(this.min[d] as number, this.max[d] as number);
    }
  }

  private blend(running: Floats, batch: Floats, weight: number): void {
    const { round } = this;
    for (let d = 0; d < running.length; d += 1) {
      const before = running[d] as number;
      running[d] = before + round(round((batch[d] as number) - before) * weight);
    }
  }

  /** `numpy.mean(axis=0)` of values and squares: one column is summed in pairs, several row by row. */
  private meansOf(batch: ArrayLike<number>, width: number): { mean: Floats; meanOfSquares: Floats } {
    const { round } = this;
    const [mean, meanOfSquares] = [this.zeros(width), this.zeros(width)];
    if (width === 1) {
      mean[0] = pairwiseSum(batch, { from: 0, count: batch.length, round, of: (value) => value });
      meanOfSquares[0] = pairwiseSum(batch, {
        from: 0,
        count: batch.length,
        round,
        of: (value) => round(value * value),
      });
    } else addRows(batch, mean, meanOfSquares, this.zeros(1));
    const rows = batch.length / width;
    for (let d = 0; d < width; d += 1) {
      mean[d] = (mean[d] as number) / rows;
      meanOfSquares[d] = (meanOfSquares[d] as number) / rows;
    }
    return { mean, meanOfSquares };
  }
}

type Floats = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Sums of values and of squares; `square` rounds one square before it is added. */
function addRows(batch: ArrayLike<number>, sums: Floats, squares: Floats, square: Floats): void {
  const width = sums.length;
  for (let i = 0; i < batch.length; i += width) {
    for (let d = 0; d < width; d += 1) {
      const value = batch[i + d] as number;
      square[0] = value * value;
      sums[d] = (sums[d] as number) + value;
      squares[d] = (squares[d] as number) + square[0];
    }
  }
}

function rangesOf(batch: ArrayLike<number>, width: number) {
  const low = new Float64Array(width).fill(Infinity);
  const high = new Float64Array(width).fill(-Infinity);
  for (let i = 0; i < batch.length; i += width) {
    for (let d = 0; d < width; d += 1) {
      const value = batch[i + d] as number;
      if (value < (low[d] as number)) low[d] = value;
      if (value > (high[d] as number)) high[d] = value;
    }
  }
  return { low, high };
}

interface Part {
  readonly from: number;
  readonly count: number;
  readonly round: (value: number) => number;
  readonly of: (value: number) => number;
}

/** numpy's pairwise summation: blocks of up to 128 values in eight running sums, halves above. */
function pairwiseSum(values: ArrayLike<number>, part: Part): number {
  const { from, count, round, of } = part;
  const at = (i: number): number => of(values[from + i] as number);
  if (count > 128) {
    const half = Math.floor(count / 2) - (Math.floor(count / 2) % 8);
    const left = pairwiseSum(values, { ...part, count: half });
    return round(left + pairwiseSum(values, { ...part, from: from + half, count: count - half }));
  }
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum = round(sum + at(i));
    return sum;
  }
  const sums = Array.from({ length: 8 }, (_, i) => at(i));
  const whole = count - (count % 8);
  for (let i = 8; i < whole; i += 1) sums[i % 8] = round((sums[i % 8] as number) + at(i));
  const pair = (i: number): number => round((sums[i] as number) + (sums[i + 1] as number));
  let sum = round(round(pair(0) + pair(2)) + round(pair(4) + pair(6)));
  for (let i = whole; i < count; i += 1) sum = round(sum + at(i));
  return sum;
}
