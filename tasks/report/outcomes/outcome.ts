import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../core/task.ts';
import type { Colour } from '../page/layout.ts';
import { type Interval, meanInterval, rateInterval } from './statistics.ts';

/** The part of a rollout's `summary.json` that the report uses. */
const Summary = z.object({
  episodes: z
    .array(
      z.object({
        seed: z.int(),
        length: z.int(), // environment steps
        success: z.boolean(),
        maxReward: z.number(), // in [0, 1]
      }),
    )
    .min(1),
});
export type Episode = z.output<typeof Summary>['episodes'][number];

/** How one policy did. */
export interface Outcome {
  readonly name: string;
  readonly colour: Colour;
  readonly episodes: readonly Episode[];
  readonly success: Interval;
  readonly maxReward: Interval;
  /** Film strips (SVG) by the position of their episode. */
  readonly films: ReadonlyMap<number, string>;
}

/** Reads a rollout summary: `summary.json` and the drawn episodes in `episodes/NNN.svg`. */
export async function readOutcome(folder: string, name: string, colour: Colour): Promise<Outcome> {
  const { episodes } = await readJson(join(folder, 'summary.json'), Summary);
  return { ...outcomeOf(name, colour, episodes), films: await readFilms(join(folder, 'episodes')) };
}

export function outcomeOf(name: string, colour: Colour, episodes: readonly Episode[]): Outcome {
  const successes = episodes.filter(({ success }) => success).length;
  return {
    name,
    colour,
    episodes,
    success: rateInterval(successes, episodes.length),
    maxReward: meanInterval(episodes.map(({ maxReward }) => maxReward)),
    films: new Map(),
  };
}

async function readFilms(folder: string): Promise<Map<number, string>> {
  const names = await readdir(folder).catch(() => []); // a rollout that drew nothing has no such folder
  const films = names.filter((name) => /^\d+\.svg$/.test(name)).sort();
  const texts = await Promise.all(films.map((name) => readFile(join(folder, name), 'utf8')));
  return new Map(films.map((name, k) => [Number.parseInt(name, 10), texts[k] as string]));
}
