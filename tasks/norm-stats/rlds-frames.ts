import { Problem } from '../../cache/problem.ts';
import { type Feature, featureOf, type Features, readFeatures } from '../formats/rlds/features.ts';
import type { Episode } from '../formats/rlds/read.ts';
import type { FrameReader } from './rlds-statistics.ts';

export interface RowRule {
  /** Features of each step whose numbers, joined in this order, are the state. */
  readonly stateFeatures: readonly string[];
  readonly actionFeatures: readonly string[];
  /** Actions in a chunk. */
  readonly horizon: number;
}

/** All frames of any RLDS dataset. Names may leave out `steps/`. Throws `no-such-feature`, `feature-not-numeric`. */
export async function rowReader(folder: string, rule: RowRule): Promise<FrameReader> {
  const features = await readFeatures(folder);
  const states = rule.stateFeatures.map((name) => numericFeature(features, name));
  const actions = rule.actionFeatures.map((name) => numericFeature(features, name));
  const widthOf = (columns: readonly Column[]): number => columns.reduce((sum, { width }) => sum + width, 0);
  const [stateWidth, actionWidth] = [widthOf(states), widthOf(actions)];
  return {
    features: [...new Set([...states, ...actions].map(({ name }) => name))],
    stateWidth,
    actionWidth,
    horizon: rule.horizon,
    framesOf: (episode, onSkip) => {
      try {
        const rows = rowsOf(episode, actions, actionWidth);
        return { states: rowsOf(episode, states, stateWidth), actions: chunksOf(rows, episode.steps, rule.horizon) };
      } catch (error) {
        if (!onSkip || !Problem.is(error)) throw error;
        onSkip(error);
        return { states: new Float32Array(), actions: new Float32Array() };
      }
    },
  };
}

interface Column {
  readonly name: string;
  /** Numbers in each step. */
  readonly width: number;
}

function numericFeature(features: Features, featureName: string): Column {
  const name =
    features.has(featureName) || !features.has(`steps/${featureName}`) ? featureName : `steps/${featureName}`;
  const feature: Feature = featureOf(features, name);
  if (feature.list === 'float' && feature.perStep) {
    return { name, width: feature.shape.reduce((product, size) => product * size, 1) };
  }
  throw new Problem('feature-not-numeric', `"${name}" is not a list of floats with a row for each step.`);
}

/** [steps, width]: the columns side by side. */
function rowsOf(episode: Episode, columns: readonly Column[], width: number): Float32Array {
  const rows = new Float32Array(episode.steps * width);
  let first = 0;
  for (const { name, width: own } of columns) {
    const values = episode.floats[name] ?? new Float32Array();
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      const { record, shard, offset } = episode;
      throw new Problem(
        'value-not-finite',
        `Record ${record} of ${shard}, from byte ${offset}: value ${wrong} of "${name}" is ${values[wrong]}.`,
      );
    }
    for (let t = 0; t < episode.steps; t += 1) rows.set(values.subarray(t * own, (t + 1) * own), t * width + first);
    first += own;
  }
  return rows;
}

/** [steps, horizon, width]: past the end the last action again. */
function chunksOf(rows: Float32Array, steps: number, horizon: number): Float32Array {
  const width = rows.length / steps;
  const chunks = new Float32Array(rows.length * horizon);
  for (let t = 0; t < steps; t += 1) {
    for (let h = 0; h < horizon; h += 1) {
      const from = Math.min(t + h, steps - 1) * width;
      chunks.set(rows.subarray(from, from + width), (t * horizon + h) * width);
    }
  }
  return chunks;
}
