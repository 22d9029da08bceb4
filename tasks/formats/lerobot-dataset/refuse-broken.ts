import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { readInfo } from './schema/dataset.ts';
import { readEpisodeTable } from './reading/episode-table.ts';

/** Checks that the tables of a dataset agree with `info.json` and that every data and video file they name is there. */
export async function refuseBroken(path: string): Promise<void> {
  const info = await readInfo(path);
  const table = await readEpisodeTable(path, info);
  const frames = table.reduce((sum, { length }) => sum + length, 0);
  const missing = [
    ...new Set(table.flatMap(({ file, videos }) => [file, ...Object.values(videos).map((video) => video.file)])),
  ].filter((file) => !existsSync(join(path, file)));
  const problems = [
    ...differs('episodes', info.total_episodes, table.length),
    ...differs('frames', info.total_frames, frames),
    ...missing.slice(0, shownFiles).map((file) => `${file} is missing`),
    ...(missing.length > shownFiles ? [`and ${missing.length - shownFiles} more files are missing`] : []),
  ];
  if (problems.length === 0) return;
  throw new Problem('dataset-broken', [`The dataset in ${path} is broken:`, ...problems].join('\n  '), {
    hint: 'Get the dataset again, with all its files.',
  });
}

const shownFiles = 5;

function differs(what: string, expected: number, inTables: number): string[] {
  return expected === inTables ? [] : [`meta/info.json says ${expected} ${what}, its tables have ${inTables}`];
}
