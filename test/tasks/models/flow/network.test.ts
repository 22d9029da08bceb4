import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { type Backend, openBackend } from '../../../../tasks/models/backend/open-backend.ts';
import { layoutOf } from '../../../../tasks/models/flow/layout.ts';
import { forward, lossAndGradients, weightTensors } from '../../../../tasks/models/flow/network.ts';
import { initialState } from '../../../../tasks/models/flow/trainer.ts';
import { fillGaussian, randomOf } from '../../../../tasks/models/random.ts';

const sizes = { hidden: 12, inner: 8, blocks: 2 };
const [batch, inputs, outputs] = [5, 7, 3];
const layout = layoutOf(sizes, inputs, outputs);
let backend: Backend;

before(async () => {
  await import('@tensorflow/tfjs-layers'); // registers TF.js's own gradients, the reference here
  backend = await openBackend('wasm');
});

function gaussian(rows: number, columns: number, key: number): Tensor2D {
  const values = new Float32Array(rows * columns);
  fillGaussian(values, randomOf(key));
  return backend.tf.tensor2d(values, [rows, columns]);
}

test("gradients are those of TF.js's own differentiation", () => {
  const { tf } = backend;
  tf.tidy(() => {
    const { weights: flat } = initialState(layout, 1);
    fillGaussian(flat, randomOf(4)); // all biases differ from zero
    const weights = weightTensors(tf, layout, flat);
    const [input, target] = [gaussian(batch, inputs, 2), gaussian(batch, outputs, 3)];
    const reference = tf.grads((...given) =>
      tf.losses.meanSquaredError(target, forward(tf, given as Tensor2D[], input)),
    );
    const expected = reference(weights).map((gradient) => [...gradient.dataSync()]);
    const { gradients } = lossAndGradients(tf, weights, { input, target });
    gradients.forEach((gradient, slot) => {
      gradient.dataSync().forEach((value, i) => {
        const wanted = expected[slot]?.[i] as number;
        assert.ok(
          Math.abs(value - wanted) <= 1e-5 + 1e-4 * Math.abs(wanted),
          `${layout[slot]?.name}[${i}]: ${value}, not ${wanted}`,
        );
      });
    });
  });
});

test('the loss is the mean of the squared differences', () => {
  const { tf } = backend;
  tf.tidy(() => {
    const weights = weightTensors(tf, layout, initialState(layout, 1).weights);
    const [input, target] = [gaussian(batch, inputs, 2), gaussian(batch, outputs, 3)];
    const output = forward(tf, weights, input).dataSync();
    const wanted = [...target.dataSync()].map((value, i) => (value - (output[i] as number)) ** 2);
    const mean = wanted.reduce((sum, square) => sum + square, 0) / wanted.length;
    assert.ok(Math.abs(lossAndGradients(tf, weights, { input, target }).loss() - mean) < 1e-5);
  });
});
