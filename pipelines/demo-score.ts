import { z } from 'zod';
import { sweepClassifiers } from '../tasks/classify/sweep-classifiers.ts';
import { pushtToLerobot } from '../tasks/convert/pusht-to-lerobot.ts';
import { selectEpisodes } from '../tasks/convert/select-episodes.ts';
import { Problem, type Ref, type Value } from '../tasks/core/task.ts';
import { adoptZarr } from '../tasks/download/adopt.ts';
import { samplePusht } from '../tasks/download/sample.ts';
import { filterDemoScore } from '../tasks/filter/demo-score.ts';
import type { checkpoint } from '../tasks/kinds/checkpoint.ts';
import type { lerobotDataset } from '../tasks/kinds/lerobot-dataset.ts';
import { backendName } from '../tasks/models/backend-name.ts';
import { datasetStats } from '../tasks/norm-stats/dataset.ts';
import { demoScoreReport } from '../tasks/report/demo-score-report.ts';
import { rolloutPusht } from '../tasks/rollout/pusht.ts';
import { replayPusht } from '../tasks/rollout/replay-pusht.ts';
import { rolloutServed } from '../tasks/rollout/served.ts';
import { policyServer } from '../tasks/serve/policy-service.ts';
import { trainFlowPolicy } from '../tasks/train/flow-policy.ts';
import { lastCheckpoint } from '../tasks/train/last-checkpoint.ts';
import { pipeline } from './core/pipeline.ts';

const count = z.int().min(1);
const seed = z.int().min(0);

const params = {
  data: z
    .string()
    .optional()
    .describe('folder of a PushT replay buffer (zarr); by default the packaged demonstrations'),
  demos: count.optional().describe('how many demonstrations, from the first; by default all'),
  datasetVersion: z.enum(['v2.1', 'v3.0']).default('v3.0').describe('LeRobot format of the datasets'),
  steps: count.default(12_000).describe('optimizer steps of each of the three trainings'),
  saveEvery: count.optional().describe('optimizer steps between checkpoints; by default a quarter of `steps`'),
  batchSize: count.default(256).describe('windows per optimizer step'),
  seed: seed.default(10_000).describe('of the base training'),
  backend: backendName.default('wasm').describe('what TF.js computes on'),
  rollouts: z
    .object({
      steps: z.array(count).min(2).optional().describe('checkpoints to roll out; by default every saved one'),
      episodes: count.default(100).describe('rollouts of each checkpoint'),
      maxSteps: count.default(300).describe('control steps after which an episode ends'),
      seed: seed.default(12_000).describe('first of the starting scenes, the same for every checkpoint'),
      served: z.boolean().default(false).describe('ask each checkpoint over the wire: slower, with the same results'),
    })
    .prefault({}),
  classifier: z
    .object({
      hiddenSizes: z
        .array(z.array(count).min(1))
        .min(1)
        .default([
          [8, 8],
          [16, 16],
        ])
        .describe('one list per architecture'),
      epochs: count.default(300),
      learningRate: z.number().positive().default(1e-4),
      weightDecay: z.number().min(0).default(0.1),
      dropout: z.number().min(0).lt(1).default(0.3),
      batchSize: count.default(1024).describe('environment steps'),
      weightRatio: z.number().gt(1).default(4).describe('weight of a success step against a failure step'),
      seed: seed.default(1),
    })
    .prefault({}),
  retraining: z.object({ seed: seed.default(14_000) }).prefault({}),
  eval: z
    .object({
      episodes: count.default(100),
      maxSteps: count.default(300),
      seed: seed.default(16_000).describe('first of the starting scenes, the same for all three policies'),
      drawEpisodes: z.int().min(0).default(8).describe('how many episodes are drawn as film strips'),
    })
    .prefault({}),
};

/** So that on two cores rollouts run beside the training whose checkpoints they use. */
const oneCore = { resources: { cpus: 1 } };

type Dataset = Ref<Value<typeof lerobotDataset>>;
type Policy = Ref<Value<typeof checkpoint>>;

/**
 * Demo-SCORE (Chen et al. 2025, arXiv 2503.03707) on PushT: train, roll out, learn what leads to success, keep what does,
 * train again. `docs/demo-score.md` says where this departs from the paper's code.
 */
export default pipeline(
  'demo-score',
  params,
  (parameters) => {
    const { data, demos, datasetVersion, steps, batchSize, backend, rollouts, classifier } = parameters;
    const saveEvery = parameters.saveEvery ?? Math.ceil(steps / 4);
    const rolloutSteps = stepsToRollOut({ steps, saveEvery, chosen: rollouts.steps });
    refuseSharedScenes(rollouts, parameters.eval);

    const { replay } = data === undefined ? samplePusht({}) : adoptZarr({ path: data });
    const { dataset: demonstrations } = pushtToLerobot({
      replay,
      version: datasetVersion,
      episodes: demos,
    });

    const train = (name: string, dataset: Dataset, trainingSeed: number) => {
      const { stats } = datasetStats({ dataset }, { label: `dataset-stats ${name}` });
      const settings = { steps, saveEvery, batchSize, backend, seed: trainingSeed };
      const { checkpoints } = trainFlowPolicy({ dataset, stats, ...settings }, { label: `train-flow-policy ${name}` });
      return { name, checkpoints, ...lastCheckpoint({ checkpoints }, { label: `last-checkpoint ${name}` }) };
    };

    // 1. The base policy, on all demonstrations.
    const base = train('base', demonstrations, parameters.seed);

    // 2. Rollouts of several checkpoints, each as soon as it is saved.
    const { steps: _, served, ...collecting } = rollouts;
    const rollOut = (policy: Policy) => {
      const rollingOut = { ...collecting, drawEpisodes: 0 };
      return served
        ? rolloutServed({ server: policyServer({ policy, backend }), ...rollingOut }, oneCore)
        : rolloutPusht({ policy, ...rollingOut, backend }, { ...oneCore, label: 'rollout-pusht' });
    };
    const rows = base.checkpoints
      .filter((policy) => rolloutSteps.includes(policy.meta.step))
      .each((policy) => ({ policy, ...rollOut(policy) }));

    // 3. Classifiers: trained on the rollouts of all checkpoints but the last, validated on those of the last.
    const validateOnStep = Math.max(...rolloutSteps);
    const sweep = sweepClassifiers({ rows, validateOnStep, ...classifier });

    // 4. The filter.
    const kept = filterDemoScore({
      demos: { name: 'pusht/demos', dataset: demonstrations },
      rollouts: rows,
      rolloutsName: 'pusht/rollouts',
      classifier: sweep.classifier,
    });

    // 5. Retraining from scratch.
    const retrain = (name: string, list: typeof kept.demosOnly) => {
      const { dataset } = selectEpisodes({ datasets: kept.sources, list }, { label: `select-episodes ${name}` });
      return train(name, dataset, parameters.retraining.seed);
    };
    const demosOnly = retrain('demos-only', kept.demosOnly);
    const withRollouts = retrain('with-rollouts', kept.rolloutsPlusDemos);

    // All three policies in the same unseen scenes.
    const evaluate = (title: string, { name, checkpoint: policy }: ReturnType<typeof train>) => {
      const { summary } = rolloutPusht(
        { policy, ...parameters.eval, backend },
        { ...oneCore, label: `evaluate ${name}` },
      );
      return { name: title, summary };
    };
    const { report } = demoScoreReport({
      title: 'Demo-SCORE on PushT',
      base: evaluate('Base policy', base),
      retrained: [
        evaluate('Kept demonstrations', demosOnly),
        evaluate('Kept demonstrations and rollouts', withRollouts),
      ],
      checkpoints: rows,
      candidates: sweep.candidates,
      picked: sweep.classifier,
      scores: kept.scores,
      replay: replayPusht({ replay }).errors,
      parameters: written({ ...parameters, saveEvery, rollouts: { ...rollouts, steps: rolloutSteps } }),
    });

    return {
      base: base.checkpoint,
      demosOnly: demosOnly.checkpoint,
      withRollouts: withRollouts.checkpoint,
      demosOnlyList: kept.demosOnly,
      rolloutsPlusDemosList: kept.rolloutsPlusDemos,
      report,
    };
  },
  {
    description: 'Five steps of Demo-SCORE on PushT: train, roll out, classify, filter, train again.',
    profiles: {
      quick: {
        demos: 40,
        steps: 300,
        batchSize: 64,
        rollouts: { episodes: 8, maxSteps: 150 },
        classifier: { hiddenSizes: [[8, 8]], epochs: 60, learningRate: 1e-3, batchSize: 128 },
        eval: { episodes: 8, maxSteps: 150, drawEpisodes: 3 },
      },
    },
  },
);

/** The checkpoints to roll out. Refuses steps that training does not save, which would silently leave a row out. */
function stepsToRollOut({
  steps,
  saveEvery,
  chosen,
}: {
  steps: number;
  saveEvery: number;
  chosen: number[] | undefined;
}): number[] {
  const saved = Array.from({ length: Math.ceil(steps / saveEvery) }, (_, k) => Math.min(steps, (k + 1) * saveEvery));
  const wanted = [...new Set(chosen ?? saved)].sort((a, b) => a - b);
  const unsaved = wanted.filter((step) => !saved.includes(step));
  if (unsaved.length > 0) {
    throw new Problem(
      'step-not-saved',
      `rollouts.steps names ${unsaved.join(', ')}; training saves ${saved.join(', ')}.`,
      {
        hint: 'Choose among these, or change saveEvery.',
      },
    );
  }
  if (wanted.length < 2) {
    throw new Problem(
      'one-checkpoint',
      `Demo-SCORE needs rollouts of two checkpoints at least, not only of ${wanted.join()}.`,
      {
        hint: `One trains the classifiers, another validates them: saveEvery=${Math.ceil(steps / 4)}`,
      },
    );
  }
  return wanted;
}

type Scenes = { readonly seed: number; readonly episodes: number };

/** A policy must be judged in scenes that no classifier has learned from. */
function refuseSharedScenes(rollouts: Scenes, evaluation: Scenes): void {
  const last = ({ seed: first, episodes }: Scenes): number => first + episodes - 1;
  if (evaluation.seed > last(rollouts) || rollouts.seed > last(evaluation)) return;
  throw new Problem(
    'scenes-overlap',
    `Rollouts use the scenes ${rollouts.seed}–${last(rollouts)}, the evaluation ${evaluation.seed}–${last(evaluation)}: some are the same.`,
    { hint: `eval.seed=${last(rollouts) + 1}` },
  );
}

/** Parameters for the report. Where own recordings lie is left out: their content counts, not their place. */
function written({ data, ...parameters }: Readonly<Record<string, unknown>>): Record<string, z.core.util.JSONType> {
  const named = { data: data === undefined ? 'packaged demonstrations' : 'own recordings', ...parameters };
  return JSON.parse(JSON.stringify(named)) as Record<string, z.core.util.JSONType>;
}
