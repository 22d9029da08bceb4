import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { openParquet, type ParquetSource, readWholeColumn } from '../../parquet/read.ts';
import { type Info, isVersion3 } from '../schema/dataset.ts';
import { parquetFilesBelow, parseLine } from './table-files.ts';
import { type QuantileName, quantileNames, type RecordedStats } from '../schema/feature-stats.ts';

/** Finds the statistics that a dataset has of one feature in one episode, if it has them. */
export type StatsFinder = (episode: number, feature: string) => RecordedStats | undefined;

/** Statistics of cameras as they were recorded: they cannot be computed again without the frames before encoding. */
export async function readRecordedStats(path: string, info: Info, features: readonly string[]): Promise<StatsFinder> {
  const statsByKey = new Map<string, RecordedStats>();
  const add = (episode: number, feature: string, stats: unknown): void => {
    const recorded = Cells.safeParse(stats);
    if (recorded.success) statsByKey.set(`${episode} ${feature}`, recorded.data);
  };
  if (features.length > 0) await (isVersion3(info) ? readVersion3 : readVersion2)(path, features, add);
  return (episode, feature) => statsByKey.get(`${episode} ${feature}`);
}

type Add = (episode: number, feature: string, stats: unknown) => void;

/** Lists may be nested, and whole numbers may come as bigint; one number a channel remains. */
const Numbers = z.preprocess(
  (value) =>
    Array.isArray(value)
      ? value.flat(Infinity).map((number) => (typeof number === 'bigint' ? Number(number) : (number as unknown)))
      : value,
  z.array(z.number()).length(3),
);
const Quantiles = z.object(Object.fromEntries(quantileNames.map((name) => [name, Numbers])));
const Count = z.preprocess(
  (value) => (Array.isArray(value) ? Number((value as unknown[])[0]) : value),
  z.int().positive(),
);
const Cells = z
  .looseObject({ min: Numbers, max: Numbers, mean: Numbers, std: Numbers, count: Count })
  .transform(({ min, max, mean, std, count, ...others }): RecordedStats => {
    const quantiles = Quantiles.safeParse(others);
    const basic = { min, max, mean, std, count };
    return quantiles.success ? { ...basic, quantiles: quantiles.data as Record<QuantileName, number[]> } : basic;
  });

const StatsLine = z.object({ episode_index: z.int().min(0), stats: z.record(z.string(), z.unknown()) });

/** Version 2.0 has statistics of the whole dataset only. */
async function readVersion2(path: string, features: readonly string[], add: Add): Promise<void> {
  const table = join(path, 'meta/episodes_stats.jsonl');
  const exists = await access(table).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(table), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    const { episode_index, stats } = parseLine(line, `${table}, line ${number}`, StatsLine);
    for (const feature of features) add(episode_index, feature, stats[feature]);
  }
}

async function readVersion3(path: string, features: readonly string[], add: Add): Promise<void> {
  for (const table of await parquetFilesBelow(join(path, 'meta/episodes'))) {
    const source = await openParquet(table);
    const episodes = await readWholeColumn(source, 'episode_index');
    for (const feature of features) {
      const columns = await statsColumns(source, feature);
      for (const [row, episode] of episodes.entries()) {
        const cells = Object.entries(columns).map(([stat, values]) => [stat, values[row]]);
        add(Number(episode), feature, Object.fromEntries(cells));
      }
    }
  }
}

async function statsColumns(source: ParquetSource, feature: string): Promise<Record<string, unknown[]>> {
  const columns: Record<string, unknown[]> = {};
  for (const stat of ['min', 'max', 'mean', 'std', 'count', ...quantileNames]) {
    const column = `stats/${feature}/${stat}`;
    if (source.columns.includes(column)) columns[stat] = await readWholeColumn(source, column);
  }
  return columns;
}
