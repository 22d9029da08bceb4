import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { readJson } from '../core/artifact.ts';

/** Steps that are kept, [start, end) from 0, in ascending order. */
export type Range = readonly [start: number, end: number];

/** Ranges of each episode, by openpi's key. The order is that of the file. */
export type RangesByEpisode = ReadonlyMap<string, readonly Range[]>;

const step = z.int().min(0);
const RangesFile = z.record(z.string(), z.array(z.tuple([step, step])));

/** Reads a file as openpi's `filter_dict_path` takes it. */
export async function readRanges(path: string): Promise<RangesByEpisode> {
  return new Map(Object.entries(await readJson(path, RangesFile)));
}

/** Writes the text that Python's `json.dump` gives, byte for byte: ASCII, one space after commas and colons, no newline. */
export async function writeRanges(path: string, ranges: RangesByEpisode): Promise<void> {
  await writeFile(path, rangesText(ranges));
}

export function rangesText(ranges: RangesByEpisode): string {
  const entries = Array.from(ranges, ([key, kept]) => {
    const pairs = kept.map(([start, end]) => `[${start}, ${end}]`);
    return `${asciiJson(key)}: [${pairs.join(', ')}]`;
  });
  return `{${entries.join(', ')}}`;
}

/** Steps that the ranges of one episode keep, of `steps`; ranges may overlap or go on past the end. */
export function keptSteps(ranges: readonly Range[] | undefined, steps: number): Uint8Array {
  const kept = new Uint8Array(steps);
  for (const [start, end] of ranges ?? []) kept.fill(1, Math.min(start, steps), Math.min(end, steps));
  return kept;
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
