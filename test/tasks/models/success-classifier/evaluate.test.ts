import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { evaluate, scoreEpisodes } from '../../../../tasks/models/success-classifier/evaluate.ts';
import { initialise, type Mlp, workspace } from '../../../../tasks/models/success-classifier/mlp.ts';
import { randomOf } from '../../../../tasks/models/random.ts';
import { gatherSteps, type Steps } from '../../../../tasks/models/success-classifier/steps.ts';
import { syntheticSteps } from './scenes.ts';

const random = randomOf(2, 0);
const anyEpisodes = fc.array(fc.record({ length: fc.integer({ min: 1, max: 30 }), label: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
});

test('metrics are those of the definition, however episodes fall into chunks', () => {
  fc.assert(
    fc.property(anyEpisodes, fc.integer({ min: 1, max: 40 }), (shapes, capacity) => {
      const steps = gatherSteps(
        shapes.map((shape, index) => ({
          ...shape,
          index,
          features: [Float64Array.from({ length: 3 * shape.length }, () => 512 * random.uniform())],
        })),
        [0, 512],
      );
      const mlp = initialise([3, 4, 1], randomOf(6, 0));
      mlp.parameters.forEach((value, k) => {
        mlp.parameters[k] = 5 * value;
      });
      const found = evaluate(mlp, steps, workspace(mlp.sizes, capacity));
      for (const [name, value] of Object.entries(byDefinition(mlp, steps))) {
        const got = found[name as keyof typeof found];
        if (value === null) assert.equal(got, null);
        else assert.ok(Math.abs((got as number) - value) < 1e-9, `${name}: ${got} against ${value}`);
      }
    }),
    { numRuns: 60 },
  );
});

test('scoring draws no random numbers: twice gives the same scores', () => {
  const steps = syntheticSteps({ seed: 1 });
  const mlp = initialise([4, 8, 8, 1], randomOf(1, 0));
  assert.deepEqual(scoreEpisodes(mlp, steps), scoreEpisodes(mlp, steps));
});

test('a certain and wrong classifier has a finite loss', () => {
  const steps = syntheticSteps({ seed: 1 });
  const mlp = initialise([4, 1], randomOf(1, 0));
  mlp.parameters.fill(0);
  mlp.parameters[4] = 1e6; // the bias: every step is a success
  const { stepwiseBce, trajwiseBce } = evaluate(mlp, steps);
  assert.equal(stepwiseBce, 5e5);
  assert.equal(trajwiseBce, 50); // half of the episodes at the limit of 100
});

function byDefinition(mlp: Mlp, steps: Steps): Record<string, number | null> {
  const episodes = [...steps.labels].map((label, e) => {
    const probabilities = Array.from({ length: steps.starts[e + 1]! - steps.starts[e]! }, (_, s) =>
      probability(
        mlp,
        Array.from({ length: steps.width }, (_, f) => steps.values[f * steps.count + steps.starts[e]! + s]!),
      ),
    );
    return { label, probabilities, score: mean(probabilities) };
  });
  const entropy = (p: number, label: number) => -Math.log(label === 1 ? p : 1 - p);
  const scoresOf = (label: number) => episodes.filter((episode) => episode.label === label).map(({ score }) => score);
  return {
    stepwiseBce: mean(episodes.flatMap(({ label, probabilities }) => probabilities.map((p) => entropy(p, label)))),
    trajwiseBce: mean(episodes.map(({ label, score }) => entropy(score, label))),
    mean: mean(episodes.map(({ score }) => score)),
    failMean: scoresOf(0).length > 0 ? mean(scoresOf(0)) : null,
    successMean: scoresOf(1).length > 0 ? mean(scoresOf(1)) : null,
  };
}

/** One hidden layer, written out. */
function probability({ sizes: [inputs = 0, hidden = 0], parameters }: Mlp, x: readonly number[]): number {
  let logit = parameters.at(-1)!;
  for (let h = 0; h < hidden; h += 1) {
    const z = x.reduce((sum, value, i) => sum + value * parameters[h * inputs + i]!, parameters[inputs * hidden + h]!);
    logit += Math.max(0, z) * parameters[(inputs + 1) * hidden + h]!;
  }
  return 1 / (1 + Math.exp(-logit));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
