import { Problem } from '../../cache/problem.ts';
import type { FeatureStats } from '../formats/norm-stats.ts';
import { type Episode, readEpisodes } from '../formats/rlds/read.ts';
import { ExactAccumulator } from './exact-accumulator.ts';
import { OpenpiBatches } from './openpi-batches.ts';

/** How the frames of an episode become rows. */
export interface FrameReader {
  /** What must be read of a record. */
  readonly features: readonly string[];
  readonly stateWidth: number;
  readonly actionWidth: number;
  /** Actions in a chunk. */
  readonly horizon: number;
  /** The rows of an episode. An unusable episode gives none and tells `onSkip`; without `onSkip`, it throws. */
  readonly framesOf: (episode: Episode, onSkip?: (problem: Problem) => void) => Rows;
}

/** [frames, stateWidth] and [frames, horizon, actionWidth]. */
interface Rows {
  readonly states: Float32Array;
  readonly actions: Float32Array;
}

export interface Counting {
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

export interface RldsStatistics {
  readonly state: Required<FeatureStats>;
  readonly actions: Required<FeatureStats>;
  readonly frames: number;
  /** 0 where rows were not counted in batches. */
  readonly batches: number;
  /** How they were made, in words. */
  readonly method: string;
  readonly skipped: readonly string[];
}

interface Source {
  readonly folder: string;
  readonly reader: FrameReader;
  readonly counting: Counting;
  readonly reading: Reading;
}

/** Statistics of states and actions, undefined without any frame; the result depends neither on `workers` nor on the machine. */
export async function rldsStatistics(source: Source): Promise<RldsStatistics | undefined> {
  return source.counting.exact ? exactly(source) : asOpenpi(source);
}

async function asOpenpi(source: Source): Promise<RldsStatistics | undefined> {
  const { batchSize, maxFrames } = source.counting;
  const most = maxFrames === undefined ? Infinity : Math.floor(maxFrames / batchSize);
  if (most === 0) {
    throw new Problem('too-few-rows', `maxFrames ${maxFrames} is below one batch of ${batchSize} frames.`, {
      hint: `Give maxFrames=${batchSize} at least, or a smaller batchSize.`,
    });
  }
  const { horizon, stateWidth, actionWidth } = source.reader;
  const batches = new OpenpiBatches({ batchSize, horizon, stateWidth, actionWidth, most });
  const skipped: string[] = [];
  for await (const frames of framesFrom(source, { passes: 1, done: 0 }, skipped)) {
    batches.add(frames);
    if (batches.isFull) break;
  }
  // openpi's loader for RLDS repeats the data to fill its first batch; only then a part counts.
  if (batches.batches === 0) batches.endWithPart();
  if (batches.frames === 0) return undefined;
  const [state, actions] = [batches.state.statistics(), batches.actions.statistics()];
  const method = 'RunningStats of openpi';
  return { state, actions, frames: batches.frames, batches: batches.batches, method, skipped };
}

async function exactly(source: Source): Promise<RldsStatistics | undefined> {
  const { stateWidth, actionWidth } = source.reader;
  const [state, actions] = [new ExactAccumulator(stateWidth), new ExactAccumulator(actionWidth)];
  const skipped: string[] = [];
  const progress = { passes: 2, done: 0 };
  let frames = 0;
  for await (const part of firstFrames(framesFrom(source, progress, skipped), source)) {
    frames += part.states.length / stateWidth;
    state.firstPass(part.states);
    actions.firstPass(part.actions);
  }
  if (frames === 0) return undefined;
  for await (const part of firstFrames(framesFrom(source, progress, []), source)) {
    state.secondPass(part.states);
    actions.secondPass(part.actions);
  }
  const method = "exact quantiles, which are not openpi's";
  return { state: state.statistics(), actions: actions.statistics(), frames, batches: 0, method, skipped };
}

async function* framesFrom(
  { folder, reader, counting, reading }: Source,
  progress: { readonly passes: number; done: number },
  skipped: string[],
): AsyncGenerator<Rows> {
  const note = ({ message }: { message: string }): void => {
    skipped.push(message);
  };
  const onSkip = counting.skipBadRecords ? note : undefined;
  const episodes = readEpisodes(folder, { features: reader.features, workers: reading.workers, onSkip });
  for await (const episode of episodes) {
    progress.done += 1;
    reading.onEpisode(progress.done, progress.passes);
    yield reader.framesOf(episode, onSkip);
  }
}

/** At most `maxFrames` of them. */
async function* firstFrames(rows: AsyncIterable<Rows>, { counting, reader }: Source): AsyncGenerator<Rows> {
  const { stateWidth, actionWidth, horizon } = reader;
  let left = counting.maxFrames ?? Infinity;
  for await (const { states, actions } of rows) {
    const count = Math.min(left, states.length / stateWidth);
    yield {
      states: states.subarray(0, count * stateWidth),
      actions: actions.subarray(0, count * horizon * actionWidth),
    };
    left -= count;
    if (left === 0) return;
  }
}
