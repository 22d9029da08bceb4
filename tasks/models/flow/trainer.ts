import type { Backend } from '../backend/open-backend.ts';
import { fillGaussian, randomOf } from '../random.ts';
import { batcher, inputsOf, purposes, type Samples } from './batches.ts';
import { type Slot, sizeOf } from './layout.ts';
import { lossAndGradients, weightTensors } from './network.ts';
import { type OptimizerSettings, optimizerStep, type TrainingState } from './optimizer.ts';

export interface TrainingSettings extends OptimizerSettings {
  readonly batchSize: number;
  readonly seed: number;
}

/** Weights of variance 1 / inputs; layers that end a branch start small, so that every block starts near the identity. */
export function initialState(layout: readonly Slot[], seed: number): TrainingState {
  const weights = new Float32Array(sizeOf(layout));
  layout.forEach(({ name, rows, columns, offset }, index) => {
    if (name.endsWith('.bias')) return;
    const slot = weights.subarray(offset, offset + rows * columns);
    fillGaussian(slot, randomOf(seed, purposes.weights, index));
    const gain = name.startsWith('output') ? 0.1 : name.includes('narrow') ? 0.5 : 1;
    const spread = gain / Math.sqrt(rows);
    for (let i = 0; i < slot.length; i += 1) slot[i] = (slot[i] as number) * spread;
  });
  const zeros = (): Float32Array => new Float32Array(weights.length);
  return { step: 0, weights, average: Float32Array.from(weights), momentum: zeros(), variance: zeros() };
}

/** Gives a function that does one optimizer step on `state` and says the loss of its batch. */
export function trainer(
  { tf }: Backend,
  training: {
    readonly samples: Samples;
    readonly layout: readonly Slot[];
    readonly timeFeatures: number;
    readonly settings: TrainingSettings;
  },
): (state: TrainingState) => number {
  const { samples, layout, timeFeatures, settings } = training;
  const batchOf = batcher(samples, { ...settings, timeFeatures });
  const [inputs, outputs] = [inputsOf(samples, timeFeatures), samples.chunks.length / samples.count];
  return (state) =>
    tf.tidy(() => {
      const { input, target } = batchOf(state.step);
      const { loss, gradients } = lossAndGradients(tf, weightTensors(tf, layout, state.weights), {
        input: tf.tensor2d(input, [settings.batchSize, inputs]),
        target: tf.tensor2d(target, [settings.batchSize, outputs]),
      });
      const slopes = gradients.map((gradient) => gradient.dataSync<'float32'>());
      optimizerStep(state, slopes, settings);
      return loss();
    });
}
