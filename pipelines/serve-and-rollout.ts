import { z } from 'zod';
import { pushtToLerobot } from '../tasks/convert/pusht-to-lerobot.ts';
import { adoptZarr } from '../tasks/download/adopt.ts';
import { samplePusht } from '../tasks/download/sample.ts';
import { backendName } from '../tasks/models/backend-name.ts';
import { datasetStats } from '../tasks/norm-stats/dataset.ts';
import { rolloutReport } from '../tasks/report/rollout-report.ts';
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
  steps: count.default(6000).describe('optimizer steps'),
  saveEvery: count.optional().describe('optimizer steps between checkpoints; by default a quarter of `steps`'),
  batchSize: count.default(256).describe('windows per optimizer step'),
  seed: seed.default(1).describe('of the training'),
  backend: backendName.default('wasm').describe('what TF.js computes on'),
  rollouts: z
    .object({
      episodes: count.default(50).describe('of each checkpoint'),
      maxSteps: count.default(300).describe('control steps after which an episode ends'),
      seed: seed.default(100_000).describe('first of the starting scenes, the same for every checkpoint'),
      drawEpisodes: z.int().min(0).default(4).describe('how many episodes are drawn as film strips'),
      connections: count.default(4).describe('episodes that run at once'),
    })
    .prefault({}),
};

/**
 * A policy for PushT is trained, and every checkpoint is served by openpi's protocol as soon as it is saved and asked over the
 * wire by its own rollouts, as a robot or a simulator elsewhere would.
 */
export default pipeline(
  'serve-and-rollout',
  params,
  ({ data, demos, steps, batchSize, seed: trainingSeed, backend, rollouts, ...parameters }) => {
    const saveEvery = parameters.saveEvery ?? Math.ceil(steps / 4);
    const { replay } = data === undefined ? samplePusht({}) : adoptZarr({ path: data });
    const { dataset } = pushtToLerobot({ replay, episodes: demos });
    const { stats } = datasetStats({ dataset });
    const training = { steps, saveEvery, batchSize, backend, seed: trainingSeed };
    const { checkpoints } = trainFlowPolicy({ dataset, stats, ...training });

    const rows = checkpoints.each((policy) => {
      const server = policyServer({ policy, backend });
      return { policy, ...rolloutServed({ server, ...rollouts }) };
    });

    const { connections: _, ...scenes } = rollouts;
    const { report } = rolloutReport({
      title: 'PushT over the wire',
      lead: 'Each checkpoint was served by openpi’s protocol and rolled out over the wire, all in the same scenes.',
      rows,
      parameters: { ...training, ...(demos === undefined ? {} : { demos }), rollouts: scenes },
    });
    return { policy: lastCheckpoint({ checkpoints }).checkpoint, rows, report };
  },
  {
    description: 'Trains on PushT, serves each checkpoint by openpi’s protocol and rolls it out over the wire.',
    profiles: {
      sample: {
        demos: 30,
        steps: 200,
        saveEvery: 100,
        batchSize: 64,
        rollouts: { episodes: 6, maxSteps: 100, drawEpisodes: 2 },
      },
    },
  },
);
