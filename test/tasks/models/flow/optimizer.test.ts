import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningRateAt, optimizerStep } from '../../../../tasks/models/flow/optimizer.ts';

const settings = {
  steps: 100,
  learningRate: 0.1,
  warmupSteps: 10,
  weightDecay: 0,
  averageDecay: 0.9,
  maxGradientNorm: 1,
};

test('the learning rate rises during warm-up, then falls to nothing', () => {
  assert.equal(learningRateAt(0, settings), 0.01);
  assert.equal(learningRateAt(10, settings), 0.1);
  assert.ok(Math.abs(learningRateAt(55, settings) - 0.05) < 1e-12);
  assert.ok(learningRateAt(99, settings) < 1e-4);
});

test('descends to the lowest point of a bowl, and the average follows', () => {
  const vector = (value: number) => Float32Array.from([value, -value]);
  const state = { step: 0, weights: vector(2), average: vector(2), momentum: vector(0), variance: vector(0) };
  while (state.step < 100) optimizerStep(state, [state.weights.map((w, i) => w - (i + 1))], settings);
  assert.ok(Math.abs(state.weights[0]! - 1) < 0.02 && Math.abs(state.weights[1]! - 2) < 0.1);
  assert.ok(Math.abs(state.average[0]! - 1) < 0.02);
});

test('a gradient of any length moves no further than one of the greatest length', () => {
  const after = (slope: number): number => {
    const one = (): Float32Array => new Float32Array(1);
    const state = { step: 0, weights: one(), average: one(), momentum: one(), variance: one() };
    optimizerStep(state, [Float32Array.of(slope)], settings);
    return state.momentum[0] as number;
  };
  assert.equal(after(1e6), after(1));
});
