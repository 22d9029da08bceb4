import { Problem } from '../../cache/problem.ts';
import { type Episode, readEpisodes, readInfo } from '../formats/lerobot-dataset/read.ts';
import { actionToPi, alohaWidth, stateToPi } from './aloha.ts';

/** How a policy sees the frames of a LeRobot dataset, before normalisation. */
export interface FrameRule {
  /** Joined, in this order, to the state. */
  readonly stateFeatures: readonly string[];
  readonly actionFeature: string;
  /** Actions in a chunk, one for each frame. */
  readonly horizon: number;
  /** Dimensions of actions that are relative to the state of the chunk's first frame; later ones are absolute. */
  readonly deltaMask: readonly boolean[];
  readonly aloha: 'pi' | 'as-stored';
}

/** Frames of one episode; float32, as openpi puts them on a device. */
export interface Frames {
  /** [frames, stateWidth] */
  readonly states: Float32Array;
  /** [frames, horizon, actionWidth] */
  readonly actions: Float32Array;
}

export interface Widths {
  readonly stateWidth: number;
  readonly actionWidth: number;
  readonly frames: number;
}

/** Numbers in a state and in an action, and frames in all. Throws `feature-unknown` or `width-differs`. */
export async function widthsOf(path: string, rule: FrameRule): Promise<Widths> {
  const { features, total_frames: frames } = await readInfo(path);
  const asked = [...rule.stateFeatures, rule.actionFeature];
  const unknown = asked.filter((name) => !Object.hasOwn(features, name));
  if (unknown.length > 0) {
    throw new Problem('feature-unknown', `The dataset has no feature "${unknown.join('", "')}".`, {
      hint: `It has: ${Object.keys(features).join(', ')}. Choose with stateFeatures and actionFeature.`,
    });
  }
  const widthOf = (name: string): number => (features[name]?.shape ?? []).reduce((product, size) => product * size, 1);
  const stateWidth = rule.stateFeatures.reduce((sum, name) => sum + widthOf(name), 0);
  const actionWidth = widthOf(rule.actionFeature);
  refuseOtherWidths(rule, { stateWidth, actionWidth });
  return { stateWidth, actionWidth, frames };
}

function refuseOtherWidths({ aloha, deltaMask }: FrameRule, { stateWidth, actionWidth }: Omit<Widths, 'frames'>): void {
  const problems: string[] = [];
  if (aloha === 'pi' && (stateWidth !== alohaWidth || actionWidth !== alohaWidth)) {
    problems.push(
      `aloha: 'pi' is for states and actions of ${alohaWidth} numbers, not ${stateWidth} and ${actionWidth}.`,
    );
  }
  const least = Math.min(stateWidth, actionWidth);
  if (deltaMask.length > least) {
    problems.push(
      `deltaMask has ${deltaMask.length} entries; states have ${stateWidth} numbers and actions ${actionWidth}.`,
    );
  }
  if (problems.length > 0) throw new Problem('width-differs', problems.join('\n'));
}

/** The frames of every episode, in the order of the data. */
export async function* framesOf(path: string, rule: FrameRule): AsyncGenerator<Frames> {
  const columns = [...new Set([...rule.stateFeatures, rule.actionFeature])];
  for await (const episode of readEpisodes(path, { columns })) yield framesIn(episode, rule);
}

/**
 * A chunk starts at its frame and repeats the last action past the episode's end, as LeRobot clamps its indices. Signs and
 * differences are taken in float64 and rounded once, which is what numpy does with them.
 */
function framesIn(episode: Episode, rule: FrameRule): Frames {
  const { length } = episode;
  const observed = rowsOf(episode, rule.stateFeatures);
  const commanded = rowsOf(episode, [rule.actionFeature]);
  if (rule.aloha === 'pi') {
    for (let t = 0; t < length; t += 1) {
      stateToPi(row(observed, t, length));
      actionToPi(row(commanded, t, length));
    }
  }
  const width = commanded.length / length;
  const chunk = rule.horizon * width;
  const actions = new Float32Array(length * chunk);
  for (let t = 0; t < length; t += 1) {
    const state = row(observed, t, length);
    for (let h = 0; h < rule.horizon; h += 1) {
      const action = row(commanded, Math.min(t + h, length - 1), length);
      const at = t * chunk + h * width;
      for (let d = 0; d < width; d += 1) {
        const relativeTo = rule.deltaMask[d] === true ? (state[d] as number) : 0;
        actions[at + d] = (action[d] as number) - relativeTo;
      }
    }
  }
  return { states: Float32Array.from(observed), actions };
}

function row(rows: Float64Array, t: number, length: number): Float64Array {
  const width = rows.length / length;
  return rows.subarray(t * width, (t + 1) * width);
}

/** [length, sum of widths], from what LeRobot reads as float32. Refuses what statistics cannot hold. */
function rowsOf({ index, columns, length }: Episode, names: readonly string[]): Float64Array {
  const parts = names.map((name) => ({ name, values: Float32Array.from(columns[name] ?? [], Number) }));
  for (const { name, values } of parts) {
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong < 0) continue;
    const frame = Math.floor((wrong * length) / values.length);
    throw new Problem('value-not-finite', `Episode ${index}, frame ${frame}: "${name}" has ${values[wrong]}.`, {
      hint: 'Leave the episode out: selectEpisodes makes a dataset without it.',
    });
  }
  const width = parts.reduce((sum, { values }) => sum + values.length / length, 0);
  const rows = new Float64Array(length * width);
  let first = 0;
  for (const { values } of parts) {
    const own = values.length / length;
    for (let t = 0; t < length; t += 1) rows.set(values.subarray(t * own, (t + 1) * own), t * width + first);
    first += own;
  }
  return rows;
}
