import { Problem } from '../../cache/problem.ts';
import { readRanges } from '../formats/idle-ranges.ts';
import type { FeatureStats } from '../formats/norm-stats.ts';
import { refuseOtherShape } from '../formats/rlds/droid.ts';
import { readFeatures } from '../formats/rlds/features.ts';
import { readEpisodes } from '../formats/rlds/read.ts';
import {
  type ActionSpace,
  featuresFor,
  type FrameRule,
  type Frames,
  usableFramesOf,
  width,
} from '../formats/rlds/droid-frames.ts';
import { ExactAccumulator } from './exact-accumulator.ts';
import { OpenpiBatches } from './openpi-batches.ts';

export interface Asked {
  /** A file of ranges. */
  readonly ranges?: string | undefined;
  readonly actionSpace: ActionSpace;
  readonly actionHorizon: number;
  readonly successOnly: boolean;
  readonly batchSize: number;
  readonly maxFrames?: number | undefined;
  readonly exact: boolean;
  readonly skipBadRecords: boolean;
}

export interface Reading {
  readonly workers: number;
  /** Episodes read so far, in all passes, and how many passes there are. */
  readonly onEpisode: (done: number, passes: number) => void;
}

export interface DroidStatistics {
  readonly state: Required<FeatureStats>;
  readonly actions: Required<FeatureStats>;
  readonly frames: number;
  /** 0 where rows were not counted in batches. */
  readonly batches: number;
  readonly skipped: readonly string[];
}

/** Statistics of states and actions; the result depends neither on `workers` nor on the machine. */
export async function droidStatistics(folder: string, asked: Asked, reading: Reading): Promise<DroidStatistics> {
  const ranges = asked.ranges === undefined ? undefined : await readRanges(asked.ranges);
  refuseOtherShape(await readFeatures(folder), featuresFor(asked.actionSpace));
  const source = { folder, asked, rule: { ...asked, ranges }, reading };
  const found = await (asked.exact ? exactly(source) : asOpenpi(source));
  if (found !== undefined) return found;
  const why = [asked.successOnly && 'is a success', ranges && 'is in the ranges'].filter(Boolean).join(' and ');
  throw new Problem('no-frames', `No frame of ${folder} ${why || 'is there'}.`, {
    hint: 'Ranges name episodes by `<recording_folderpath>--<file_path>`, byte for byte: are they of this dataset?',
  });
}

interface FrameSource {
  readonly folder: string;
  readonly asked: Asked;
  readonly rule: FrameRule;
  readonly reading: Reading;
}

async function asOpenpi(source: FrameSource): Promise<DroidStatistics | undefined> {
  const { batchSize, maxFrames, actionHorizon } = source.asked;
  const most = maxFrames === undefined ? Infinity : Math.floor(maxFrames / batchSize);
  if (most === 0) {
    throw new Problem('too-few-rows', `maxFrames ${maxFrames} is below one batch of ${batchSize} frames.`, {
      hint: `Give maxFrames=${batchSize} at least, or a smaller batchSize.`,
    });
  }
  const batches = new OpenpiBatches({ batchSize, horizon: actionHorizon, stateWidth: width, actionWidth: width, most });
  const skipped: string[] = [];
  for await (const frames of framesFrom(source, { passes: 1, done: 0 }, skipped)) {
    batches.add(frames);
    if (batches.isFull) break;
  }
  // openpi's loader for RLDS repeats the data to fill its first batch; only then a part counts.
  if (batches.batches === 0) batches.endWithPart();
  if (batches.frames === 0) return undefined;
  const [state, actions] = [batches.state.statistics(), batches.actions.statistics()];
  return { state, actions, frames: batches.frames, batches: batches.batches, skipped };
}

async function exactly(source: FrameSource): Promise<DroidStatistics | undefined> {
  const [state, actions] = [new ExactAccumulator(width), new ExactAccumulator(width)];
  const skipped: string[] = [];
  const progress = { passes: 2, done: 0 };
  let frames = 0;
  for await (const part of limited(framesFrom(source, progress, skipped), source.asked)) {
    frames += part.steps.length;
    state.firstPass(part.states);
    actions.firstPass(part.actions);
  }
  if (frames === 0) return undefined;
  for await (const part of limited(framesFrom(source, progress, []), source.asked)) {
    state.secondPass(part.states);
    actions.secondPass(part.actions);
  }
  return { state: state.statistics(), actions: actions.statistics(), frames, batches: 0, skipped };
}

async function* framesFrom(
  { folder, asked, rule, reading }: FrameSource,
  progress: { readonly passes: number; done: number },
  skipped: string[],
): AsyncGenerator<Frames> {
  const onSkip = ({ message }: { message: string }): void => {
    skipped.push(message);
  };
  const skipping = asked.skipBadRecords ? { onSkip } : {};
  const reads = { features: featuresFor(asked.actionSpace), workers: reading.workers };
  const episodes = readEpisodes(folder, { ...reads, ...skipping });
  for await (const episode of episodes) {
    progress.done += 1;
    reading.onEpisode(progress.done, progress.passes);
    yield usableFramesOf(episode, rule, skipping.onSkip);
  }
}

/** The first `maxFrames` frames. */
async function* limited(
  all: AsyncIterable<Frames>,
  { maxFrames = Infinity, actionHorizon }: Asked,
): AsyncGenerator<Frames> {
  let left = maxFrames;
  for await (const { steps, states, actions } of all) {
    const count = Math.min(left, steps.length);
    const chunks = actions.subarray(0, count * actionHorizon * width);
    yield { steps: steps.slice(0, count), states: states.subarray(0, count * width), actions: chunks };
    left -= count;
    if (left === 0) return;
  }
}
