import { Problem } from '../../cache/problem.ts';
import type { FeatureStats } from '../formats/norm-stats.ts';
import { ExactAccumulator } from './exact-accumulator.ts';
import { type FrameRule, type Frames, framesOf, type Widths, widthsOf } from './lerobot-frames.ts';
import { OpenpiBatches } from './openpi-batches.ts';

export interface Asked extends FrameRule {
  readonly batchSize: number;
  readonly maxFrames?: number | undefined;
  readonly exact: boolean;
}

export interface LerobotStatistics {
  readonly state: Required<FeatureStats>;
  readonly actions: Required<FeatureStats>;
  readonly frames: number;
  /** 0 where rows were not counted in batches. */
  readonly batches: number;
  /** How they were made, in words. */
  readonly method: string;
}

/** Told after each episode: how many were read in all passes, and how many passes there are. */
export type OnEpisode = (done: number, passes: number) => void;

/** Statistics of states and actions, in one thread and one order: the result does not depend on the machine. */
export async function lerobotStatistics(path: string, asked: Asked, onEpisode: OnEpisode): Promise<LerobotStatistics> {
  const widths = await widthsOf(path, asked);
  return asked.exact ? exactly(path, asked, widths, onEpisode) : asOpenpi(path, asked, widths, onEpisode);
}

async function asOpenpi(path: string, asked: Asked, widths: Widths, onEpisode: OnEpisode): Promise<LerobotStatistics> {
  const { batchSize, horizon } = asked;
  const limit = limitOf(asked, widths);
  const most = Math.floor((limit ?? widths.frames) / batchSize);
  if (most === 0) throw tooFew(asked, widths);
  const batches = new OpenpiBatches({ batchSize, horizon, most, ...widths });
  let done = 0;
  for await (const frames of framesOf(path, asked)) {
    batches.add(frames);
    onEpisode((done += 1), 1);
    if (batches.isFull) break;
  }
  const order = limit === undefined ? '' : ', of the first frames in order, where openpi draws them at random';
  return {
    state: batches.state.statistics(),
    actions: batches.actions.statistics(),
    frames: batches.frames,
    batches: batches.batches,
    method: `RunningStats of openpi${order}`,
  };
}

/** `maxFrames` at or above what there is does nothing, as in openpi. */
function limitOf({ maxFrames }: Asked, { frames }: Widths): number | undefined {
  return maxFrames !== undefined && maxFrames < frames ? maxFrames : undefined;
}

function tooFew({ batchSize, maxFrames }: Asked, { frames }: Widths): Problem {
  if (frames < batchSize) {
    return new Problem('too-few-rows', `The dataset has ${frames} frames, below one batch of ${batchSize}.`, {
      hint: `Record more, or give a smaller batchSize here and to the training: openpi refuses this too.`,
    });
  }
  return new Problem('too-few-rows', `maxFrames ${maxFrames} is below one batch of ${batchSize} frames.`, {
    hint: `Give maxFrames=${batchSize} at least, or a smaller batchSize.`,
  });
}

async function exactly(path: string, asked: Asked, widths: Widths, onEpisode: OnEpisode): Promise<LerobotStatistics> {
  const [state, actions] = [new ExactAccumulator(widths.stateWidth), new ExactAccumulator(widths.actionWidth)];
  const most = limitOf(asked, widths) ?? widths.frames;
  let [frames, done] = [0, 0];
  for await (const part of firstFrames(path, asked, { widths, most })) {
    state.firstPass(part.states);
    actions.firstPass(part.actions);
    frames += part.states.length / widths.stateWidth;
    onEpisode((done += 1), 2);
  }
  for await (const part of firstFrames(path, asked, { widths, most })) {
    state.secondPass(part.states);
    actions.secondPass(part.actions);
    onEpisode((done += 1), 2);
  }
  const method = "exact quantiles of all frames, which are not openpi's";
  return { state: state.statistics(), actions: actions.statistics(), frames, batches: 0, method };
}

async function* firstFrames(
  path: string,
  asked: Asked,
  { widths: { stateWidth, actionWidth }, most }: { widths: Widths; most: number },
): AsyncGenerator<Frames> {
  let left = most;
  for await (const { states, actions } of framesOf(path, asked)) {
    const count = Math.min(left, states.length / stateWidth);
    yield {
      states: states.subarray(0, count * stateWidth),
      actions: actions.subarray(0, count * asked.horizon * actionWidth),
    };
    left -= count;
    if (left === 0) return;
  }
}
