import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { annotationsFile } from '../../tasks/formats/droid-raw/annotations.ts';

const sample = join(packageRoot(), 'test/data/droid-raw');
const episode = 'TRI/success/2023-05-14/Sun_May_14_15_30_58_2023';
const uuid = 'TRI+ebce85a6+2023-05-14-15h-30m-58s';
const metadata = join(sample, episode, `metadata_${uuid}.json`);

/** Eight steps with three cameras of 64 x 36, in the layout of the raw DROID release. */
export const sampleRawEpisode = { raw: sample, folder: join(sample, episode), uuid, steps: 8 };

/** The uuid of episode `n` of `addRawEpisodes`. */
export function rawUuid(n: number): string {
  return `TRI+ebce85a6+2023-05-14-${String(n).padStart(2, '0')}h-00m-00s`;
}

/** Adds episodes to a folder of raw recordings: copies of one, each with a recording and an instruction of its own. */
export function addRawEpisodes(raw: string, numbers: readonly number[]): void {
  mkdirSync(raw, { recursive: true });
  for (const n of numbers) {
    const folder = rawFolder(raw, n);
    cpSync(join(sample, episode), folder, { recursive: true, filter: (path) => path !== metadata });
    cpSync(metadata, join(folder, `metadata_${rawUuid(n)}.json`));
    appendFileSync(join(folder, 'recordings/MP4/34108837.mp4'), freeBox(n));
  }
  const path = join(raw, annotationsFile);
  const known = readAnnotations(path);
  for (const n of numbers) known[rawUuid(n)] = { language_instruction1: `Wipe mug ${n}` };
  writeFileSync(path, JSON.stringify(known));
}

export function rawFolder(raw: string, n: number): string {
  return join(raw, 'TRI/success/2023-05-14', `Sun_May_14_${String(n).padStart(2, '0')}_00_00_2023`);
}

function readAnnotations(path: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  } catch {
    return {}; // the first ones
  }
}

/** A part of an MP4 file that readers skip. */
export function freeBox(n: number): Buffer {
  const box = Buffer.alloc(12);
  box.writeUInt32BE(12, 0);
  box.write('free', 4, 'latin1');
  box.writeUInt32BE(n, 8);
  return box;
}
