import { z } from 'zod';
import { endpoint, isPromised } from '../core/endpoint.ts';
import { task } from '../core/task.ts';
import { uncounted } from '../core/uncounted.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { rolloutSummary } from '../kinds/rollout-summary.ts';

/** Holds the key of servers that want one. */
const keyVariable = 'STET_POLICY_KEY';

/**
 * As `rolloutPusht`, with a policy that is asked over the wire: any server of openpi's protocol that takes PushT's
 * observations, such as `pipeline serve`. With the same policy and seeds the results are the same.
 *
 * A service of the graph counts by its own recipe. Of any other server, what it says of its policy when a connection opens is
 * part of the recipe.
 */
export const rolloutServed = task({
  name: 'rollout-served',
  inputs: {
    server: endpoint,
    episodes: z.int().min(1).default(50),
    seed: z.int().min(0).max(0xffffffff).default(100000),
    maxSteps: z.int().min(1).default(300),
    /** Of how many episodes, from the first on, a film strip is drawn. */
    drawEpisodes: z.int().min(0).default(4),
    /** Episodes that run at once. */
    connections: uncounted(z.int().min(1).default(4)),
    /** What the summary says was rolled out. */
    name: z.string().optional(),
  },
  outputs: {
    rollouts: lerobotDataset,
    summary: rolloutSummary,
    successRate: z.number().min(0).max(1),
    meanMaxReward: z.number().min(0).max(1),
  },
  resources: { cpus: 1 },
  inherits: [keyVariable],
  observe: async ({ server }) => {
    if (isPromised(server)) return null;
    const { describeServer } = await import('../models/served-policy/describe-server.ts');
    return describeServer({ url: server.url, ...apiKey() });
  },
  run: async ({ server, episodes, seed, maxSteps, drawEpisodes, connections, name }, out, attempt) => {
    const { rollOutServed } = await import('./pusht/roll-out-served.ts');
    const { collectTraces, writeResults } = await import('./pusht/results.ts');
    const seeds = Array.from({ length: episodes }, (_, i) => seed + i);
    const client = { url: server.url, ...apiKey(), signal: attempt.signal };
    const traces = await collectTraces(
      rollOutServed({ server: client, seeds, maxSteps, connections }),
      episodes,
      attempt,
    );
    return writeResults(out, traces, { seed, name, drawEpisodes });
  },
});

function apiKey(): { apiKey?: string } {
  const key = process.env[keyVariable];
  return key ? { apiKey: key } : {};
}
