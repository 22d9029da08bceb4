import { z } from 'zod';
import { task } from '../core/task.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { successClassifier } from '../models/success-classifier/success-classifier.ts';

/**
 * Trains one of Demo-SCORE's stepwise success classifiers (Chen et al. 2025, arXiv 2503.03707) on the rollouts of one
 * checkpoint and selects its epoch on the rollouts of another.
 *
 * Defaults are the paper's code, but for `epochs` (3000 there), which has none here. Features are low-dimensional
 * columns, concatenated and mapped from the environment's `bounds` to [-1, 1].
 */
export const trainClassifier = task({
  name: 'train-classifier',
  inputs: {
    train: lerobotDataset,
    validation: lerobotDataset,
    hiddenSizes: z.array(z.int().positive()).min(1).default([8, 8]),
    epochs: z.int().positive(), // passes over all training steps
    learningRate: z.number().positive().default(1e-4),
    weightDecay: z.number().min(0).default(0.1),
    dropout: z.number().min(0).lt(1).default(0.3), // probability of dropping a hidden unit
    batchSize: z.int().positive().default(1024), // environment steps
    weightRatio: z.number().gt(1).default(4), // a success step weighs this many times a failure step
    seed: z.int().min(0).default(1),
    features: z.array(z.string()).min(1).default(['observation.state', 'observation.environment_state']),
    bounds: z.tuple([z.number(), z.number()]).default([0, 512]), // pixels: PushT's world
  },
  outputs: { classifier: successClassifier, validationLoss: z.number(), threshold: z.number() },
  run: async ({ train, validation, features, bounds, ...settings }, out, attempt) => {
    const { readSteps } = await import('../models/success-classifier/steps.ts');
    const { trainMlp } = await import('../models/success-classifier/train.ts');
    const { curvesOf, layersOf, writeClassifier } = await import('../models/success-classifier/file.ts');

    const spec = { columns: features, bounds };
    const [trainSteps, validationSteps] = [await readSteps(train.path, spec), await readSteps(validation.path, spec)];
    const { mlp, selected, threshold, curve } = trainMlp(trainSteps, validationSteps, settings, (point) => {
      const metrics = { train: point.train.stepwiseBce, validation: point.validation.stepwiseBce };
      attempt.report({ done: point.epoch, total: settings.epochs, unit: 'epochs', metrics });
    });

    const { hiddenSizes, ...numbers } = settings;
    const validationLoss = selected.validation.stepwiseBce;
    await writeClassifier(out.classifier, {
      format: 'stet-success-classifier-1',
      features: spec,
      hiddenSizes,
      layers: layersOf(mlp),
      epoch: selected.epoch,
      threshold,
      validationLoss,
      settings: numbers,
      trainedOn: sizesOf(trainSteps),
      validatedOn: sizesOf(validationSteps),
      curves: curvesOf(curve),
    });
    return { classifier: out.classifier, validationLoss, threshold };
  },
});

function sizesOf({ labels, count }: { labels: Uint8Array; count: number }) {
  return { episodes: labels.length, successes: labels.filter((label) => label === 1).length, steps: count };
}
