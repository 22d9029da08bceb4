import type { Progress } from '../../core/spec.ts';

const units = [
  { name: 'GB', bytes: 1e9 },
  { name: 'MB', bytes: 1e6 },
  { name: 'kB', bytes: 1e3 },
] as const;
/** The rate is that of so many seconds: shorter flickers, longer hides a stall. */
const windowSeconds = 10;

/** How many bytes of a download are there, told as progress in the unit that fits, with the rate in MB/s. */
export class Meter {
  readonly #totalBytes: number;
  readonly #report: (progress: Progress) => void;
  readonly #now: () => number;
  readonly #marks: { at: number; moved: number }[];
  #done: number;
  #moved = 0;

  /** `thereBytes` are there from the start and say nothing of the rate. `now` is in milliseconds, of any clock. */
  constructor({ totalBytes, thereBytes, report, now = () => performance.now() }: MeterOptions) {
    this.#totalBytes = totalBytes;
    this.#done = thereBytes;
    this.#report = report;
    this.#now = now;
    this.#marks = [{ at: now(), moved: 0 }];
    this.#tell();
  }

  /** Bytes that were there from an earlier attempt. */
  resumed(bytes: number): void {
    this.#done += bytes;
    this.#tell();
  }

  /** Bytes that arrived; negative ones were given up. */
  moved(bytes: number): void {
    this.#done += bytes;
    this.#moved += Math.max(0, bytes);
    this.#tell();
  }

  get movedBytes(): number {
    return this.#moved;
  }

  #tell(): void {
    const unit = units.find(({ bytes }) => this.#totalBytes >= bytes) ?? { name: 'B', bytes: 1 };
    const scaled = (bytes: number): number => Number((bytes / unit.bytes).toPrecision(4));
    const rate = this.#megabytesPerSecond();
    this.#report({
      done: this.#done >= this.#totalBytes ? scaled(this.#totalBytes) : scaled(this.#done),
      total: scaled(this.#totalBytes),
      unit: unit.name,
      metrics: rate === undefined ? undefined : { 'MB/s': rate },
    });
  }

  #megabytesPerSecond(): number | undefined {
    const now = this.#now();
    if (now - (this.#marks.at(-1)?.at ?? 0) >= 500) this.#marks.push({ at: now, moved: this.#moved });
    while (this.#marks.length > 2 && now - (this.#marks[1]?.at ?? now) > windowSeconds * 1000) this.#marks.shift();
    const first = this.#marks[0];
    const seconds = (now - (first?.at ?? now)) / 1000;
    if (!first || seconds < 0.5) return undefined;
    return Number(((this.#moved - first.moved) / 1e6 / seconds).toPrecision(3));
  }
}

interface MeterOptions {
  readonly totalBytes: number;
  readonly thereBytes: number;
  readonly report: (progress: Progress) => void;
  readonly now?: () => number;
}
