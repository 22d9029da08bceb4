import type { OrRef, Ref, Value } from '../core/task.ts';
import type { checkpoint } from '../kinds/checkpoint.ts';
import type { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { pickClassifier } from './pick-classifier.ts';
import { pickRollouts } from './pick-rollouts.ts';
import { trainClassifier } from './train-classifier.ts';

/** The rollouts of one checkpoint, and whatever else its row holds. */
export interface RolloutRow {
  readonly policy: Value<typeof checkpoint>;
  readonly rollouts: Value<typeof lerobotDataset>;
}

type Settings = Omit<Parameters<typeof trainClassifier>[0], 'train' | 'validation' | 'hiddenSizes'>;

/**
 * Architectures x training checkpoints x one cross-validation checkpoint; the best run by validation loss.
 *
 * The rollouts of step `validateOnStep` are never trained on. Gives the picked classifier and all candidates, one list
 * per architecture.
 */
export function sweepClassifiers({
  rows,
  validateOnStep,
  hiddenSizes,
  ...settings
}: {
  rows: Ref<readonly RolloutRow[]>;
  validateOnStep: number;
  hiddenSizes: readonly (readonly number[])[];
} & Settings) {
  const { rollouts: validation } = pickRollouts({ rows: rows as OrRef<RolloutRow[]>, step: validateOnStep });
  const trainable = rows.filter((row) => row.policy.meta.step !== validateOnStep);
  const candidates = hiddenSizes.map((sizes) =>
    trainable.each((row) => ({
      policy: row.at('policy'),
      ...trainClassifier({ train: row.at('rollouts'), validation, hiddenSizes: [...sizes], ...settings }),
    })),
  );
  return { ...pickClassifier({ candidates }), candidates };
}
