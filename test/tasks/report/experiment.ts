import type { Episode } from '../../../tasks/report/outcomes/outcome.ts';
import { outcomeOf } from '../../../tasks/report/outcomes/outcome.ts';
import type { Experiment } from '../../../tasks/report/experiment-page.ts';

/** Episodes with these max rewards; 1 is a success. */
export function episodesOf(rewards: readonly number[]): Episode[] {
  return rewards.map((maxReward, k) => ({ seed: 16_000 + k, length: 300, success: maxReward === 1, maxReward }));
}

const losses = [0.7, 0.5, 0.6];
const metrics = { stepwiseBce: losses, trajwiseBce: losses, mean: losses, failMean: losses, successMean: losses };

/** A small experiment with known numbers. */
export function smallExperiment(change: Partial<Experiment> = {}): Experiment {
  return {
    title: 'Demo-SCORE in a test',
    base: outcomeOf('Base policy', 'base', episodesOf([0.1, 0.2, 0.3, 1])),
    retrained: [
      outcomeOf('Kept demonstrations', 'demos', episodesOf([0.4, 0.5, 1, 1])),
      outcomeOf('Kept demonstrations and rollouts', 'both', episodesOf([0.1, 0.2, 0.3, 1])),
    ],
    checkpoints: [500, 1000].map((step) => ({ ...outcomeOf(`step ${step}`, 'base', episodesOf([0.25, 1])), step })),
    classifiers: [
      {
        step: 500,
        isPicked: true,
        file: {
          format: 'stet-success-classifier-1',
          features: { columns: ['observation.state'], bounds: [0, 512] },
          hiddenSizes: [8, 8],
          layers: [{ weights: [[0.5]], biases: [0] }],
          epoch: 2,
          threshold: 0.4321,
          validationLoss: 0.5,
          settings: {},
          trainedOn: { episodes: 2, successes: 1, steps: 600 },
          validatedOn: { episodes: 2, successes: 1, steps: 600 },
          curves: { train: metrics, validation: metrics },
        },
      },
    ],
    scores: {
      threshold: 0.4321,
      sources: [
        {
          name: 'pusht/demos',
          role: 'demonstrations',
          episodes: [0.2, 0.6, 0.8].map((score, index) => ({ index, success: true, score, kept: score > 0.4321 })),
        },
        {
          name: 'pusht/rollouts/000500',
          role: 'rollouts',
          episodes: [{ index: 0, success: false, score: 0.3, kept: false }],
        },
      ],
    },
    replay: undefined,
    parameters: { steps: 1000, classifier: { hiddenSizes: [[8, 8]] } },
    ...change,
  };
}
