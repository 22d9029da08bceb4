import type { Attempt } from '../../core/spec.ts';
import type { Trace } from './episode.ts';
import { writeRollouts, writeSummary } from './write-rollouts.ts';

/** All episodes, in the order of their seeds, however they come. */
export async function collectTraces(
  rolled: AsyncIterable<Trace>,
  episodes: number,
  attempt: Pick<Attempt, 'signal' | 'report'>,
): Promise<Trace[]> {
  const traces: Trace[] = [];
  for await (const trace of rolled) {
    attempt.signal.throwIfAborted();
    traces.push(trace);
    attempt.report({
      done: traces.length,
      total: episodes,
      unit: 'episodes',
      metrics: { maxReward: meanMaxRewardOf(traces) },
    });
  }
  return traces.sort((a, b) => a.seed - b.seed);
}

interface ResultPaths {
  readonly rollouts: string;
  readonly summary: string;
}

/** Writes the dataset and the summary, and gives the outputs of a rollout task. */
export async function writeResults(
  { rollouts, summary }: ResultPaths,
  traces: readonly Trace[],
  { seed, name, drawEpisodes }: { seed: number; name: string | undefined; drawEpisodes: number },
) {
  const successRate = traces.filter(({ success }) => success).length / traces.length;
  const meanMaxReward = meanMaxRewardOf(traces);
  const episodes = traces.map(({ seed, length, success, maxReward }) => ({ seed, length, success, maxReward }));
  await writeRollouts(rollouts, traces);
  await writeSummary(summary, { name, seed, successRate, meanMaxReward, episodes }, traces, drawEpisodes);
  return { rollouts, summary, successRate, meanMaxReward };
}

/** Mean over episodes of the highest reward; summed in the order given. */
function meanMaxRewardOf(traces: readonly Trace[]): number {
  return traces.reduce((sum, { maxReward }) => sum + maxReward, 0) / traces.length;
}
