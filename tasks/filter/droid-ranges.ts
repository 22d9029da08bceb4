import { Problem } from '../../cache/problem.ts';
import type { Range } from '../formats/idle-ranges.ts';
import { droid, episodeKey, jointCount, refuseOtherShape } from '../formats/rlds/droid.ts';
import { readFeatures } from '../formats/rlds/features.ts';
import { readEpisodes, type Skipped } from '../formats/rlds/read.ts';
import { idleFilterRanges, type IdleRule } from './idle-ranges.ts';

export interface Reading {
  readonly checkData: boolean;
  readonly skipBadRecords: boolean;
  readonly workers: number;
  readonly onEpisode: (facts: { done: number; bytesRead: number }) => void;
}

export interface DroidRanges {
  /** By openpi's key, in file order. */
  readonly ranges: ReadonlyMap<string, readonly Range[]>;
  /** Steps in the dataset, and how many of them are in a range. */
  readonly steps: number;
  readonly keptSteps: number;
  /** Why records were left out, one line each. */
  readonly skipped: readonly string[];
}

/** The ranges of all episodes of a TFDS folder; of episodes with the same key the first counts. */
export async function droidRanges(folder: string, rule: IdleRule, reading: Reading): Promise<DroidRanges> {
  refuseEmptyRanges(rule);
  const features = [droid.commandedJointVelocity, droid.filePath, droid.recordingFolder];
  refuseOtherShape(await readFeatures(folder), features);

  const ranges = new Map<string, readonly Range[]>();
  const skipped: string[] = [];
  const onSkip = ({ message }: Skipped): void => {
    skipped.push(message);
  };
  let [steps, keptSteps, done, bytesRead] = [0, 0, 0, 0];
  const episodes = readEpisodes(folder, {
    features,
    checkData: reading.checkData,
    workers: reading.workers,
    onBytes: (count) => {
      bytesRead += count;
    },
    onSkip: reading.skipBadRecords ? onSkip : undefined,
  });
  for await (const episode of episodes) {
    done += 1;
    steps += episode.steps;
    reading.onEpisode({ done, bytesRead });
    const key = episodeKey(episode);
    if (ranges.has(key)) continue;
    const kept = idleFilterRanges(episode.floats[droid.commandedJointVelocity] ?? [], jointCount, rule);
    ranges.set(key, kept);
    keptSteps += kept.reduce((sum, [start, end]) => sum + end - start, 0);
  }
  return { ranges, steps, keptSteps, skipped };
}

function refuseEmptyRanges({ trimSteps, minKeptSteps }: IdleRule): void {
  if (trimSteps < minKeptSteps) return;
  throw new Problem('empty-ranges', `Cutting ${trimSteps} steps from runs of ${minKeptSteps} leaves none.`, {
    hint: 'trimSteps must be below minKeptSteps.',
  });
}
