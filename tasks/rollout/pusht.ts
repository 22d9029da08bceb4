import { z } from 'zod';
import { task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { rolloutSummary } from '../kinds/rollout-summary.ts';
import { backendName } from '../models/backend-name.ts';
import { backendNeeds } from '../models/backend/backend-needs.ts';

/**
 * Rolls a policy out in PushT: episode i starts from the env's seed `seed + i` and ends at its first success or after
 * `maxSteps` env steps of 0.1 s.
 *
 * The episodes become a LeRobot dataset, in the order of their seeds. Results do not depend on the number of cores; for
 * thousands of episodes give it some: `{ resources: { cpus: 4 } }`.
 */
export const rolloutPusht = task({
  name: 'rollout-pusht',
  inputs: {
    policy: checkpoint,
    episodes: z.int().min(1).default(50),
    seed: z.int().min(0).max(0xffffffff).default(100000),
    maxSteps: z.int().min(1).default(300),
    /** Of how many episodes, from the first on, a film strip is drawn. */
    drawEpisodes: z.int().min(0).default(4),
    backend: backendName.default('wasm'),
    /** What the summary says was rolled out. */
    name: z.string().optional(),
  },
  outputs: {
    rollouts: lerobotDataset,
    summary: rolloutSummary,
    successRate: z.number().min(0).max(1),
    meanMaxReward: z.number().min(0).max(1),
  },
  // 50 episodes take about a second on one core, less than it takes to start a second thread.
  resources: { cpus: 1 },
  needs: backendNeeds,
  observe: async ({ backend }) => {
    const { describeBackend } = await import('../models/backend/open-backend.ts');
    return describeBackend(backend);
  },
  run: async ({ policy, episodes, seed, maxSteps, drawEpisodes, backend, name }, out, attempt) => {
    const { rollOutLanes } = await import('./pusht/lanes.ts');
    const { collectTraces, writeResults } = await import('./pusht/results.ts');
    const seeds = Array.from({ length: episodes }, (_, i) => seed + i);
    const rolled = rollOutLanes({ policyFolder: policy.path, backend, seeds, maxSteps }, attempt.cpus);
    const traces = await collectTraces(rolled, episodes, attempt);
    return writeResults(out, traces, { seed, name, drawEpisodes });
  },
});
