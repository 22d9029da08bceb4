import { Problem } from '../../cache/problem.ts';
import type { FeatureStats } from '../formats/norm-stats.ts';

/**
 * Exact statistics of float32 rows that do not fit into memory, in two passes over them. Not openpi's.
 *
 * Quantiles are those of numpy's default (linear between neighbours): the first pass counts values by the upper half of
 * their bits, the second, within the few halves that hold a quantile, by the lower half. Memory is 0.5 MB for each
 * dimension, and up to four times as much in the second pass.
 */
export class ExactAccumulator {
  private readonly columns: Column[];

  constructor(width: number) {
    this.columns = Array.from({ length: width }, () => new Column());
  }

  firstPass(rows: Float32Array): void {
    this.each(rows, (column, value) => column.countUpper(value));
  }

  /** After the first pass is over. The rows must be the same; their order is free. */
  secondPass(rows: Float32Array): void {
    this.each(rows, (column, value) => column.countLower(value));
  }

  statistics(): Required<FeatureStats> {
    const count = this.columns[0]?.count ?? 0;
    if (count < 2) throw new Problem('too-few-rows', `Statistics need two rows at least, not ${count}.`);
    return {
      mean: this.columns.map((column) => column.mean()),
      std: this.columns.map((column) => column.deviation()),
      q01: this.columns.map((column) => column.quantile(0.01)),
      q99: this.columns.map((column) => column.quantile(0.99)),
    };
  }

  private each(rows: Float32Array, take: (column: Column, value: number) => void): void {
    for (let i = 0; i < rows.length; ) {
      for (const column of this.columns) {
        take(column, rows[i] as number);
        i += 1;
      }
    }
  }
}

const halfSize = 65536;
const quantiles = [0.01, 0.99];

class Column {
  count = 0;
  private sum = 0;
  private squares = 0;
  private readonly uppers = new Float64Array(halfSize);
  private lowers: Map<number, Float64Array> | undefined;

  countUpper(value: number): void {
    const upper = orderOf(value) >>> 16;
    this.count += 1;
    this.sum += value;
    this.uppers[upper] = (this.uppers[upper] as number) + 1;
  }

  countLower(value: number): void {
    this.lowers ??= new Map(this.ranks().map((rank) => [this.upperOf(rank).upper, new Float64Array(halfSize)]));
    const order = orderOf(value);
    const counts = this.lowers.get(order >>> 16);
    this.squares += (value - this.mean()) ** 2;
    if (counts) counts[order & 0xffff] = (counts[order & 0xffff] as number) + 1;
  }

  mean(): number {
    return this.sum / this.count;
  }

  /** Of the population. */
  deviation(): number {
    return Math.sqrt(this.squares / this.count);
  }

  quantile(share: number): number {
    const position = share * (this.count - 1);
    const low = this.valueAt(Math.floor(position));
    const high = this.valueAt(Math.ceil(position));
    return low + (high - low) * (position - Math.floor(position));
  }

  /** Ranks, from 0, of the values between which the quantiles lie. */
  private ranks(): number[] {
    const positions = quantiles.map((share) => share * (this.count - 1));
    return positions.flatMap((position) => [Math.floor(position), Math.ceil(position)]);
  }

  private valueAt(rank: number): number {
    const { upper, before } = this.upperOf(rank);
    const counts = this.lowers?.get(upper) ?? new Float64Array(halfSize);
    return valueOf(((upper << 16) | reach(counts, rank - before).at) >>> 0);
  }

  private upperOf(rank: number): { upper: number; before: number } {
    const { at, before } = reach(this.uppers, rank);
    return { upper: at, before };
  }
}

/** Where the value of this rank is counted, and how many are counted before. */
function reach(counts: Float64Array, rank: number): { at: number; before: number } {
  let before = 0;
  for (let at = 0; at < counts.length; at += 1) {
    const here = counts[at] as number;
    if (before + here > rank) return { at, before };
    before += here;
  }
  return { at: 0, before };
}

const bits = new DataView(new ArrayBuffer(4));

/** A number of 32 bits that sorts as the float32 does. */
function orderOf(value: number): number {
  bits.setFloat32(0, value);
  const raw = bits.getUint32(0);
  return (raw & 0x80000000 ? ~raw : raw | 0x80000000) >>> 0;
}

function valueOf(order: number): number {
  bits.setUint32(0, order & 0x80000000 ? order & 0x7fffffff : ~order >>> 0);
  return bits.getFloat32(0) + 0; // no negative zero
}
