/** Counts over a fixed range; what lies outside of it counts in the bins at its ends. */
export class Bins {
  readonly counts: number[];
  readonly range: readonly [number, number];

  constructor(range: readonly [number, number], count: number) {
    this.range = range;
    this.counts = Array.from({ length: count }, () => 0);
  }

  add(value: number): void {
    const [low, high] = this.range;
    const last = this.counts.length - 1;
    const bin = Math.min(last, Math.max(0, Math.floor(((value - low) / (high - low)) * this.counts.length)));
    this.counts[bin] = (this.counts[bin] ?? 0) + 1;
  }
}
