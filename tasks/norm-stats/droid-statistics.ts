import { Problem } from '../../cache/problem.ts';
import { readRanges } from '../formats/idle-ranges.ts';
import { refuseOtherShape } from '../formats/rlds/droid.ts';
import { readFeatures } from '../formats/rlds/features.ts';
import { type ActionSpace, featuresFor, usableFramesOf, width } from '../formats/rlds/droid-frames.ts';
import { type Counting, type Reading, type RldsStatistics, rldsStatistics } from './rlds-statistics.ts';

export interface Asked extends Counting {
  /** A file of ranges. */
  readonly ranges?: string | undefined;
  readonly actionSpace: ActionSpace;
  readonly actionHorizon: number;
  readonly successOnly: boolean;
}

/** Statistics of what openpi trains on of DROID. */
export async function droidStatistics(folder: string, asked: Asked, reading: Reading): Promise<RldsStatistics> {
  const ranges = asked.ranges === undefined ? undefined : await readRanges(asked.ranges);
  const features = featuresFor(asked.actionSpace);
  refuseOtherShape(await readFeatures(folder), features);
  const rule = { ...asked, ranges };
  const reader = {
    features,
    stateWidth: width,
    actionWidth: width,
    horizon: asked.actionHorizon,
    framesOf: (episode: Parameters<typeof usableFramesOf>[0], onSkip?: (problem: Problem) => void) =>
      usableFramesOf(episode, rule, onSkip),
  };
  const statistics = await rldsStatistics({ folder, reader, counting: asked, reading });
  if (statistics !== undefined) return statistics;
  const why = [asked.successOnly && 'is a success', ranges && 'is in the ranges'].filter(Boolean).join(' and ');
  throw new Problem('no-frames', `No frame of ${folder} ${why || 'is there'}.`, {
    hint: 'Ranges name episodes by `<recording_folderpath>--<file_path>`, byte for byte: are they of this dataset?',
  });
}
