import { permutation, randomOf } from '../random.ts';
import { adamW } from './adamw.ts';
import { evaluate, evaluationSpace, type Metrics } from './evaluate.ts';
import { backward, forward, initialise, type Mlp, workspace } from './mlp.ts';
import type { Steps } from './steps.ts';

export interface TrainingSettings {
  readonly hiddenSizes: readonly number[];
  /** Passes over all training steps. */
  readonly epochs: number;
  /** Steps per update. */
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly dropout: number;
  /** How much more a step of a success weighs than one of a failure: weights are label + 1 / (ratio - 1). */
  readonly weightRatio: number;
  readonly seed: number;
}

/** The metrics after one epoch; epochs count from 1. */
export interface CurvePoint {
  readonly epoch: number;
  readonly train: Metrics;
  readonly validation: Metrics;
}

export interface Trained {
  /** The weights after the selected epoch. */
  readonly mlp: Mlp;
  readonly selected: CurvePoint;
  /** The mean episode score of the training rollouts, successes and failures together, at the selected epoch. */
  readonly threshold: number;
  readonly curve: readonly CurvePoint[];
}

/** What random numbers are for; each purpose has its own, so a change of one leaves the others as they were. */
const purpose = { weights: 0, order: 1, dropout: 2 };

/**
 * Trains Demo-SCORE's stepwise classifier (Chen et al. 2025, arXiv 2503.03707): every step is one example with its
 * episode's label. After every epoch all steps of both datasets are scored with dropout off; the epoch with the
 * smallest validation cross-entropy is selected, the first one on ties. There is no early stopping.
 */
export function trainMlp(
  train: Steps,
  validation: Steps,
  settings: TrainingSettings,
  onEpoch: (point: CurvePoint) => void = () => {},
): Trained {
  const mlp = initialise([train.width, ...settings.hiddenSizes, 1], randomOf(settings.seed, purpose.weights));
  const runEpoch = epochRunner(mlp, train, settings);
  const space = evaluationSpace(mlp.sizes);

  const curve: CurvePoint[] = [];
  let selected: CurvePoint | undefined;
  let kept = mlp.parameters.slice();
  for (let epoch = 1; epoch <= settings.epochs; epoch += 1) {
    runEpoch(epoch);
    const point = { epoch, train: evaluate(mlp, train, space), validation: evaluate(mlp, validation, space) };
    curve.push(point);
    onEpoch(point);
    if (selected && point.validation.stepwiseBce >= selected.validation.stepwiseBce) continue;
    selected = point;
    kept = mlp.parameters.slice();
  }
  if (!selected) throw new RangeError('trainMlp needs at least one epoch');
  return { mlp: { sizes: mlp.sizes, parameters: kept }, selected, threshold: selected.train.mean, curve };
}

/** One shuffled pass over all steps, in batches; the last batch may be smaller. */
function epochRunner(mlp: Mlp, steps: Steps, settings: TrainingSettings): (epoch: number) => void {
  const capacity = Math.min(settings.batchSize, steps.count);
  const space = workspace(mlp.sizes, capacity);
  const update = adamW(mlp.parameters.length, settings);
  const gradient = new Float64Array(mlp.parameters.length);
  const stepLabels = labelsOfSteps(steps);
  const labels = new Float64Array(capacity);
  const input = { values: space.activations[0] as Float64Array, stride: capacity, start: 0 };

  return (epoch) => {
    const order = permutation(steps.count, randomOf(settings.seed, purpose.order, epoch));
    const dropout = { rate: settings.dropout, random: randomOf(settings.seed, purpose.dropout, epoch) };
    for (let start = 0; start < steps.count; start += capacity) {
      const count = Math.min(capacity, steps.count - start);
      gather(steps, order, start, count, capacity, input.values);
      for (let s = 0; s < count; s += 1) labels[s] = stepLabels[order[start + s] as number] as number;
      const logits = forward(mlp, input, count, space, dropout);
      weightedGradient(logits, labels, count, settings.weightRatio, space.deltas.at(-1) as Float64Array);
      backward(mlp, input, count, space, settings.dropout, gradient);
      update(mlp.parameters, gradient);
    }
  };
}

function gather(
  steps: Steps,
  order: Int32Array,
  start: number,
  count: number,
  capacity: number,
  to: Float64Array,
): void {
  for (let f = 0; f < steps.width; f += 1) {
    for (let s = 0; s < count; s += 1) {
      to[f * capacity + s] = steps.values[f * steps.count + (order[start + s] as number)] as number;
    }
  }
}

/** d loss / d logit of the weighted cross-entropy, averaged over the batch: weight (p - y) / count. */
export function weightedGradient(
  logits: Float64Array,
  labels: Float64Array,
  count: number,
  weightRatio: number,
  to: Float64Array,
): void {
  const floor = 1 / (weightRatio - 1);
  for (let s = 0; s < count; s += 1) {
    const label = labels[s] as number;
    const probability = 1 / (1 + Math.exp(-(logits[s] as number)));
    to[s] = ((label + floor) * (probability - label)) / count;
  }
}

function labelsOfSteps(steps: Steps): Uint8Array {
  const labels = new Uint8Array(steps.count);
  steps.labels.forEach((label, e) => labels.fill(label, steps.starts[e], steps.starts[e + 1]));
  return labels;
}
