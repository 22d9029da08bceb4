import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { layersOf, mlpOf } from '../../../../tasks/models/success-classifier/file.ts';
import {
  backward,
  type Columns,
  forward,
  initialise,
  type Mlp,
  parameterCount,
  workspace,
} from '../../../../tasks/models/success-classifier/mlp.ts';
import { randomOf } from '../../../../tasks/models/random.ts';
import { weightedGradient } from '../../../../tasks/models/success-classifier/train.ts';

const sizes = [7, 5, 6, 1];
const count = 9;
const weightRatio = 4;

function scene() {
  const random = randomOf(5, 1);
  const mlp = initialise(sizes, randomOf(4, 0));
  const values = Float64Array.from({ length: 7 * count }, () => 4 * random.uniform() - 2);
  const labels = Float64Array.from({ length: count }, (_, s) => (s % 3 === 0 ? 1 : 0));
  return { mlp, labels, input: { values, stride: count, start: 0 } };
}

test('networks with 14 inputs have the parameter counts of the published architectures', () => {
  const hidden = [
    [8, 8],
    [8, 8, 8],
    [16, 16],
    [16, 16, 16],
    [32, 32],
    [32, 32, 32],
  ];
  assert.deepEqual(
    hidden.map((widths) => parameterCount([14, ...widths, 1])),
    [201, 273, 529, 801, 1569, 2625],
  );
});

test('parameters start uniform within one over the square root of the inputs', () => {
  const { layers } = { layers: layersOf(initialise([100, 400, 1], randomOf(1, 0))) };
  const [first, last] = layers.map(({ weights, biases }) => [...weights.flat(), ...biases].map(Math.abs));
  assert.ok(Math.max(...first!) <= 0.1 && Math.max(...first!) > 0.0999);
  assert.ok(Math.max(...last!) <= 0.05 && Math.max(...last!) > 0.0495);
});

test('gradients agree with finite differences', () => {
  const { mlp, labels, input } = scene();
  const gradient = gradientOf(mlp, input, labels);
  for (let k = 0; k < mlp.parameters.length; k += 1) {
    const nudged = (by: number): number => {
      const parameters = mlp.parameters.slice();
      parameters[k]! += by;
      return lossOf({ sizes, parameters }, input, labels);
    };
    const slope = (nudged(1e-6) - nudged(-1e-6)) / 2e-6;
    assert.ok(Math.abs(slope - gradient[k]!) < 1e-8, `parameter ${k}: ${slope} against ${gradient[k]}`);
  }
});

test('logits and gradients agree with TF.js', async () => {
  await tf.setBackend('cpu');
  const { mlp, labels, input } = scene();
  const logits = forward(mlp, input, count, workspace(sizes, count)).slice(0, count);
  const reference = tfReference(mlp, input, labels);
  close(logits, reference.logits, 1e-5);
  close(gradientOf(mlp, input, labels), reference.gradient, 1e-6);
});

test('gradients through dropout agree with finite differences under the same draws', () => {
  const { mlp, labels, input } = scene();
  const drops = () => ({ rate: 0.3, random: randomOf(8, 2) });
  const space = workspace(sizes, count);
  const gradient = new Float64Array(mlp.parameters.length);
  weightedGradient(forward(mlp, input, count, space, drops()), labels, count, weightRatio, space.deltas.at(-1)!);
  backward(mlp, input, count, space, 0.3, gradient);
  for (let k = 0; k < gradient.length; k += 1) {
    const nudged = (by: number): number => {
      const parameters = mlp.parameters.slice();
      parameters[k]! += by;
      return weightedLoss(forward({ sizes, parameters }, input, count, workspace(sizes, count), drops()), labels);
    };
    assert.ok(Math.abs((nudged(1e-6) - nudged(-1e-6)) / 2e-6 - gradient[k]!) < 1e-8, `parameter ${k}`);
  }
});

test('dropout drops its share of units and keeps the mean', () => {
  const wide: Mlp = { sizes: [1, 2000, 1], parameters: new Float64Array(parameterCount([1, 2000, 1])) };
  wide.parameters.fill(1, 0, 2000); // every hidden unit passes its input on
  const space = workspace(wide.sizes, 10);
  const input = { values: new Float64Array(10).fill(1), stride: 10, start: 0 };
  forward(wide, input, 10, space, { rate: 0.3, random: randomOf(1, 2) });
  const hidden = [...space.activations[1]!];
  const dropped = hidden.filter((value) => value === 0).length / hidden.length;
  const mean = hidden.reduce((sum, value) => sum + value, 0) / hidden.length;
  assert.ok(Math.abs(dropped - 0.3) < 0.01, `dropped ${dropped}`);
  assert.ok(Math.abs(mean - 1) < 0.02, `mean ${mean}`);
});

test('a batch smaller than its workspace and a window of a larger array give the same logits', () => {
  const { mlp, input } = scene();
  const whole = forward(mlp, input, count, workspace(sizes, count)).slice(0, count);
  const window = forward(mlp, { ...input, start: 4 }, 3, workspace(sizes, 50)).slice(0, 3);
  assert.deepEqual(window, whole.slice(4, 7));
});

test('layers written to a file are read back as the same network', () => {
  const { mlp } = scene();
  const read = mlpOf({ layers: JSON.parse(JSON.stringify(layersOf(mlp))) as ReturnType<typeof layersOf> });
  assert.deepEqual(read, mlp);
});

function gradientOf(mlp: Mlp, input: Columns, labels: Float64Array): Float64Array {
  const space = workspace(mlp.sizes, count);
  const gradient = new Float64Array(mlp.parameters.length);
  weightedGradient(forward(mlp, input, count, space), labels, count, weightRatio, space.deltas.at(-1)!);
  backward(mlp, input, count, space, 0, gradient);
  return gradient;
}

function lossOf(mlp: Mlp, input: Columns, labels: Float64Array): number {
  return weightedLoss(forward(mlp, input, count, workspace(mlp.sizes, count)), labels);
}

/** Straight from the definition. */
function weightedLoss(logits: Float64Array, labels: Float64Array): number {
  let sum = 0;
  for (let s = 0; s < count; s += 1) {
    const p = 1 / (1 + Math.exp(-logits[s]!));
    sum -= (labels[s]! + 1 / 3) * Math.log(labels[s] === 1 ? p : 1 - p);
  }
  return sum / count;
}

/** The same network and loss in TF.js, differentiated by TF.js. */
function tfReference(mlp: Mlp, input: Columns, labels: Float64Array): { logits: Float32Array; gradient: number[] } {
  const x = tf.transpose(tf.tensor2d(Float32Array.from(input.values), [mlp.sizes[0]!, count]));
  const tensors = layersOf(mlp).flatMap(({ weights, biases }) => [tf.tensor2d(weights), tf.tensor1d(biases)]);
  const network = (parameters: tf.Tensor[]): tf.Tensor => {
    let y: tf.Tensor = x;
    for (let k = 0; k < parameters.length; k += 2) {
      const z = tf.add(tf.matMul(y as tf.Tensor2D, parameters[k] as tf.Tensor2D, false, true), parameters[k + 1]!);
      y = k + 2 < parameters.length ? tf.relu(z) : z;
    }
    return tf.squeeze(y);
  };
  const loss = (...parameters: tf.Tensor[]): tf.Scalar => {
    const y = tf.tensor1d(Float32Array.from(labels));
    const logits = network(parameters);
    const bce = tf.sub(tf.softplus(logits), tf.mul(y, logits));
    return tf.mean<tf.Scalar>(tf.mul(tf.add(y, 1 / 3), bce));
  };
  const gradients = tf.grads(loss)(tensors);
  return {
    logits: network(tensors).dataSync() as Float32Array,
    gradient: gradients.flatMap((tensor) => [...tensor.dataSync()]),
  };
}

function close(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(found.length, expected.length);
  for (let k = 0; k < found.length; k += 1) {
    assert.ok(Math.abs(found[k]! - expected[k]!) < tolerance, `${k}: ${found[k]} against ${expected[k]}`);
  }
}
