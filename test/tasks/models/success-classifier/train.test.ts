import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { evaluate, scoreEpisodes } from '../../../../tasks/models/success-classifier/evaluate.ts';
import { layersOf } from '../../../../tasks/models/success-classifier/file.ts';
import { initialise } from '../../../../tasks/models/success-classifier/mlp.ts';
import { randomOf } from '../../../../tasks/models/random.ts';
import { type TrainingSettings, trainMlp } from '../../../../tasks/models/success-classifier/train.ts';
import { syntheticSteps } from './scenes.ts';

const settings: TrainingSettings = {
  hiddenSizes: [8, 8],
  epochs: 60,
  batchSize: 64,
  learningRate: 1e-2,
  weightDecay: 0.1,
  dropout: 0.3,
  weightRatio: 4,
  seed: 1,
};
const [train, validation] = [syntheticSteps({ seed: 1 }), syntheticSteps({ seed: 2 })];

test('separable rollouts are told apart, on rollouts never trained on', () => {
  const { mlp, threshold } = trainMlp(train, validation, settings);
  const { scores } = scoreEpisodes(mlp, validation);
  const right = [...scores].filter((score, e) => score > threshold === (validation.labels[e] === 1)).length;
  assert.ok(right / scores.length > 0.9, `${right} of ${scores.length}`);
});

test('equal seeds give equal weights and curves, another seed gives others', () => {
  const [one, two, other] = [1, 1, 2].map((seed) => trainMlp(train, validation, { ...settings, epochs: 3, seed }));
  assert.deepEqual(one, two);
  assert.notDeepEqual(one!.mlp, other!.mlp);
});

test('the selected epoch has the smallest validation loss, the first one on ties', () => {
  const { selected, curve } = trainMlp(train, validation, settings);
  const losses = curve.map((point) => point.validation.stepwiseBce);
  assert.equal(selected.epoch, losses.indexOf(Math.min(...losses)) + 1);

  const still = trainMlp(train, validation, { ...settings, epochs: 4, learningRate: 1e-300 });
  assert.equal(still.selected.epoch, 1);
});

test('the threshold is the mean training score at the selected epoch, with the weights that are kept', () => {
  const { mlp, selected, threshold } = trainMlp(train, validation, settings);
  assert.equal(threshold, selected.train.mean);
  assert.deepEqual(evaluate(mlp, train), selected.train);
  assert.deepEqual(evaluate(mlp, validation), selected.validation);
});

test('every epoch is told as it ends', () => {
  const told: number[] = [];
  trainMlp(train, validation, { ...settings, epochs: 3 }, ({ epoch }) => told.push(epoch));
  assert.deepEqual(told, [1, 2, 3]);
});

test('training without dropout follows TF.js, loss by loss', async () => {
  await tf.setBackend('cpu');
  const plain = { ...settings, dropout: 0, weightDecay: 0, batchSize: train.count, epochs: 25 };
  const losses = trainMlp(train, validation, plain).curve.map((point) => point.train.stepwiseBce);
  for (const [epoch, loss] of tfLosses(plain).entries()) {
    assert.ok(Math.abs(loss - losses[epoch]!) < 1e-4, `epoch ${epoch + 1}: ${losses[epoch]} against ${loss}`);
  }
});

/** The same training, whole batches, by TF.js's own gradients and Adam: stepwise cross-entropy after each epoch. */
function tfLosses({ hiddenSizes, epochs, learningRate, seed }: TrainingSettings): number[] {
  const start = initialise([train.width, ...hiddenSizes, 1], randomOf(seed, 0));
  const variables = layersOf(start).map(
    ({ weights, biases }) => [tf.variable(tf.tensor2d(weights)), tf.variable(tf.tensor1d(biases))] as const,
  );
  const x = tf.transpose(tf.tensor2d(Float32Array.from(train.values), [train.width, train.count]));
  const labels = Float32Array.from(
    { length: train.count },
    (_, s) => train.labels[train.starts.findLastIndex((at) => at <= s)]!,
  );
  const y = tf.tensor1d(labels);
  const crossEntropies = (): tf.Tensor => {
    let z: tf.Tensor = x;
    for (const [k, [weights, biases]] of variables.entries()) {
      z = tf.add(tf.matMul(z as tf.Tensor2D, weights as tf.Tensor2D, false, true), biases);
      if (k + 1 < variables.length) z = tf.relu(z);
    }
    const logits = tf.squeeze(z);
    return tf.sub(tf.softplus(logits), tf.mul(y, logits));
  };
  const optimizer = tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  return Array.from({ length: epochs }, () => {
    optimizer.minimize(() => tf.mean<tf.Scalar>(tf.mul(tf.add(y, 1 / 3), crossEntropies())));
    return tf.mean(crossEntropies()).dataSync()[0]!;
  });
}
