import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import type { Recording, TeeError } from '../envs/pusht/replay.ts';
import { folder } from '../kinds/folder.ts';
import { zarrStore } from '../kinds/zarr-store.ts';

/** Quantiles that are reported, from best to worst. */
const quantiles = [0, 0.5, 0.9, 0.99, 1];

/**
 * Plays recorded PushT demonstrations in our physics and measures how far the tee strays from what was recorded.
 *
 * `errors` holds `errors.json`: the distribution of the errors (world units, radians, share of the goal) at the end of the
 * episodes and along them, after single steps, and when starting from the seed that equals the episode's index instead of the
 * recorded first state; then each episode's own. The values beside it are over the ends of all episodes.
 */
export const replayPusht = task({
  name: 'replay-pusht',
  inputs: { replay: zarrStore },
  outputs: {
    errors: folder,
    medianPositionError: z.number().min(0),
    worstPositionError: z.number().min(0),
    medianAngleError: z.number().min(0),
    worstCoverageError: z.number().min(0).max(1),
  },
  resources: { cpus: 1 },
  run: async ({ replay }, out, attempt) => {
    const { freeRun, oneStep } = await import('../envs/pusht/replay.ts');
    const recordings = await readRecordings(replay.path);
    const runs = recordings.map((recording, episode) => {
      const run = {
        free: freeRun(recording),
        fromSeed: freeRun(recording, { seed: episode }),
        single: oneStep(recording),
      };
      attempt.report({ done: episode + 1, total: recordings.length, unit: 'episodes' });
      return run;
    });
    const ends = runs.map(({ free }) => at(free, 1));
    const report = {
      quantiles,
      atEnd: distribution(ends),
      along: [0.25, 0.5, 0.75].map((share) => ({ share, ...distribution(runs.map(({ free }) => at(free, share))) })),
      allFrames: distribution(runs.flatMap(({ free }) => free)),
      fromSeedAtEnd: distribution(runs.map(({ fromSeed }) => at(fromSeed, 1))),
      oneStep: distribution(runs.flatMap(({ single }) => single)),
      episodes: ends.map((end, episode) => ({ episode, frames: (runs[episode]?.free.length ?? 0) + 1, ...end })),
    };
    await mkdir(out.errors);
    await writeFile(join(out.errors, 'errors.json'), `${JSON.stringify(report, null, 1)}\n`);
    return {
      errors: out.errors,
      medianPositionError: quantile(
        ends.map(({ position }) => position),
        0.5,
      ),
      worstPositionError: quantile(
        ends.map(({ position }) => position),
        1,
      ),
      medianAngleError: quantile(
        ends.map(({ angle }) => angle),
        0.5,
      ),
      worstCoverageError: quantile(
        ends.map(({ coverage }) => coverage),
        1,
      ),
    };
  },
});

async function readRecordings(path: string): Promise<Recording[]> {
  const { readArray } = await import('../formats/zarr/read.ts');
  const states = (await readArray(path, 'data/state')).data;
  const actions = (await readArray(path, 'data/action')).data;
  const ends = Array.from((await readArray(path, 'meta/episode_ends')).data, Number);
  if (!(states instanceof Float32Array) || !(actions instanceof Float32Array)) {
    throw new Problem('not-a-pusht-replay', `${path} should hold data/state and data/action as float32.`);
  }
  return ends.map((end, episode) => {
    const begin = ends[episode - 1] ?? 0;
    return { states: states.subarray(5 * begin, 5 * end), actions: actions.subarray(2 * begin, 2 * end) };
  });
}

/** The error at a share of the way, in (0, 1]. */
function at(errors: readonly TeeError[], share: number): TeeError {
  return errors[Math.ceil(share * errors.length) - 1] as TeeError;
}

function distribution(errors: readonly TeeError[]): Record<keyof TeeError, number[]> {
  const of = (key: keyof TeeError) => {
    const values = errors.map((error) => error[key]);
    return quantiles.map((q) => quantile(values, q));
  };
  return { position: of('position'), angle: of('angle'), coverage: of('coverage'), pusher: of('pusher') };
}

/** The value below which a share `q` of the values lies, without interpolation. */
function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.round(q * (sorted.length - 1))] as number;
}
