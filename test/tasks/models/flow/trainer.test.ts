import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Backend, openBackend } from '../../../../tasks/models/backend/open-backend.ts';
import { featureWidth } from '../../../../tasks/models/flow-policy/features.ts';
import { layoutFor } from '../../../../tasks/models/flow-policy/flow.ts';
import { initialState, trainer } from '../../../../tasks/models/flow/trainer.ts';
import { fillGaussian, randomOf } from '../../../../tasks/models/random.ts';
import { tinySettings } from '../../train/tiny-training.ts';

const count = 50;
let backend: Backend;
before(async () => {
  backend = await openBackend('wasm');
});

/** Chunks that are a fixed function of what is observed. */
function tinyTrainer() {
  const features = new Float32Array(count * featureWidth(tinySettings.obsSteps));
  fillGaussian(features, randomOf(1));
  const width = tinySettings.horizon * 2;
  const chunks = Float32Array.from(
    { length: count * width },
    (_, i) => features[Math.floor(i / width) * featureWidth(2)] as number,
  );
  const layout = layoutFor(tinySettings);
  const state = initialState(layout, 1);
  const train = trainer(backend, {
    samples: { count, features, chunks },
    layout,
    timeFeatures: tinySettings.timeFeatures,
    settings: { ...tinySettings, steps: 300 },
  });
  return { state, train };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test('the loss falls', () => {
  const { state, train } = tinyTrainer();
  const losses = Array.from({ length: 300 }, () => train(state));
  assert.ok(mean(losses.slice(-30)) < 0.5 * mean(losses.slice(0, 10)));
  assert.ok(state.weights.every(Number.isFinite));
});

test('no tensor and no byte is left behind by fifty steps', () => {
  const { state, train } = tinyTrainer();
  train(state);
  const before = backend.tf.memory();
  for (let i = 0; i < 50; i += 1) train(state);
  const { numTensors, numBytes, numDataBuffers } = backend.tf.memory();
  assert.deepEqual([numTensors, numBytes, numDataBuffers], [before.numTensors, before.numBytes, before.numDataBuffers]);
});

test('a step does not depend on the steps that were done before it in this process', () => {
  const [first, second] = [tinyTrainer(), tinyTrainer()];
  for (let i = 0; i < 7; i += 1) first.train(first.state);
  const copied = {
    ...first.state,
    weights: first.state.weights.slice(),
    average: first.state.average.slice(),
    momentum: first.state.momentum.slice(),
    variance: first.state.variance.slice(),
  };
  first.train(first.state);
  second.train(copied);
  assert.deepEqual(copied, first.state);
});
