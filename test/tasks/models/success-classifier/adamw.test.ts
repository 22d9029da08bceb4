import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adamW } from '../../../../tasks/models/success-classifier/adamw.ts';

test('the first update moves every parameter by the learning rate, against its gradient', () => {
  const parameters = Float64Array.of(1, -2, 3);
  adamW(3, { learningRate: 0.01, weightDecay: 0 })(parameters, Float64Array.of(0.5, -40, 1e-3));
  for (const [k, expected] of [0.99, -1.99, 2.99].entries()) assert.ok(Math.abs(parameters[k]! - expected) < 1e-6);
});

test('decay shrinks a parameter by its own share, whatever the gradient', () => {
  const parameters = Float64Array.of(10);
  adamW(1, { learningRate: 0.1, weightDecay: 0.5 })(parameters, Float64Array.of(0));
  assert.equal(parameters[0], 10 * (1 - 0.1 * 0.5));
});

test('many updates agree with the definition by sums', () => {
  const gradients = Array.from({ length: 30 }, (_, t) => Math.sin(t) + 0.2);
  const parameters = Float64Array.of(0.7);
  const update = adamW(1, { learningRate: 1e-2, weightDecay: 0.1 });
  let expected = 0.7;
  gradients.forEach((gradient, t) => {
    update(parameters, Float64Array.of(gradient));
    const seen = gradients.slice(0, t + 1);
    const weighted = (beta: number, power: number): number =>
      seen.reduce((sum, g, k) => sum + (1 - beta) * beta ** (t - k) * g ** power, 0) / (1 - beta ** (t + 1));
    expected = expected * (1 - 1e-3) - (1e-2 * weighted(0.9, 1)) / (Math.sqrt(weighted(0.999, 2)) + 1e-8);
  });
  assert.ok(Math.abs(parameters[0]! - expected) < 1e-12);
});
