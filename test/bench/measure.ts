import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Compared {
  /** Medians, in milliseconds. */
  readonly floorMs: number;
  readonly runMs: number;
  /** Median of the ratios of neighbours: what else the machine does slows both of a pair. */
  readonly ratio: number;
}

export interface HowOften {
  readonly times: number;
  /** Puts back what a run has changed; not measured. */
  readonly reset?: () => unknown;
}

/** Runs both by turns, so that a busy or a quiet machine is so for both. */
export async function compare(floor: () => unknown, run: () => unknown, { times, reset }: HowOften): Promise<Compared> {
  const floors: number[] = [];
  const runs: number[] = [];
  for (let i = 0; i < times; i += 1) {
    floors.push(await milliseconds(floor));
    runs.push(await milliseconds(run));
    await reset?.();
  }
  const ratios = runs.map((run, i) => run / (floors[i] ?? Number.NaN));
  return { floorMs: median(floors), runMs: median(runs), ratio: median(ratios) };
}

export async function milliseconds(body: () => unknown): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs `body` in a folder that is gone afterwards. */
export async function inTemporaryFolder(body: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
