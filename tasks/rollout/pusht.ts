import { z } from 'zod';
import { task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { rolloutSummary } from '../kinds/rollout-summary.ts';
import { backendName } from '../models/backend-name.ts';
import type { Trace } from './pusht/roll-out.ts';

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
  observe: async ({ backend }) => {
    const { describeBackend } = await import('../models/backend.ts');
    return describeBackend(backend);
  },
  run: async ({ policy, episodes, seed, maxSteps, drawEpisodes, backend, name }, out, attempt) => {
    const { rollOutLanes } = await import('./pusht/lanes.ts');
    const { writeRollouts, writeSummary } = await import('./pusht/write-rollouts.ts');
    const seeds = Array.from({ length: episodes }, (_, i) => seed + i);
    const traces: Trace[] = [];
    for await (const trace of rollOutLanes({ policyFolder: policy.path, backend, seeds, maxSteps }, attempt.cpus)) {
      attempt.signal.throwIfAborted();
      traces.push(trace);
      attempt.report({
        done: traces.length,
        total: episodes,
        unit: 'episodes',
        metrics: { maxReward: meanMaxRewardOf(traces) },
      });
    }
    traces.sort((a, b) => a.seed - b.seed);

    const successRate = traces.filter(({ success }) => success).length / episodes;
    const meanMaxReward = meanMaxRewardOf(traces);
    const facts = traces.map(({ seed, length, success, maxReward }) => ({ seed, length, success, maxReward }));
    const named = name === undefined ? {} : { name };
    await writeRollouts(out.rollouts, traces);
    await writeSummary(
      out.summary,
      { ...named, seed, successRate, meanMaxReward, episodes: facts },
      traces,
      drawEpisodes,
    );
    return { rollouts: out.rollouts, summary: out.summary, successRate, meanMaxReward };
  },
});

/** Mean over episodes of the highest reward; summed in the order given. */
function meanMaxRewardOf(traces: readonly Trace[]): number {
  return traces.reduce((sum, { maxReward }) => sum + maxReward, 0) / traces.length;
}
