import { z } from 'zod';
import type { Digest } from '../../../cache/digest.ts';
import { Problem } from '../../../cache/problem.ts';
import { artifactsIn } from '../../../cache/records.ts';
import type { Store } from '../../../cache/store.ts';
import { leafOf, namedResults } from '../../values/results.ts';
import { quoted } from '../../words/quoted.ts';
import type { KnownRun } from '../runs/find-run.ts';

/** A policy among the results of a run, and in words why it was taken. */
export interface ChosenPolicy {
  readonly name: string;
  readonly digest: Digest;
  readonly why: string;
}

/** Kinds of files that hold a policy. */
export const policyKinds = ['checkpoint', 'openpi-checkpoint'];

/**
 * The only policy among the results of a run; of several the one that did best where all were rolled out in the same scenes:
 * the highest success rate, then the highest mean reward, then the first. Throws `no-policy`, `which-policy`.
 */
export async function choosePolicy(store: Store, { run, state }: KnownRun): Promise<ChosenPolicy> {
  const policies = namedResults(state.results).flatMap(({ name, value }) => {
    const leaf = leafOf(value);
    return leaf && policyKinds.includes(leaf.kind) ? [{ name, digest: leaf.digest as Digest }] : [];
  });
  const [first] = policies;
  if (first === undefined) {
    throw new Problem('no-policy', `Run ${run} of ${state.pipeline} has no checkpoint among its results.`, {
      hint: `Its results: ${
        namedResults(state.results)
          .map(({ name }) => name)
          .join(', ') || 'none'
      }.`,
    });
  }
  if (policies.length === 1) return { ...first, why: 'its only policy' };

  const scenes = await evaluationsIn(store, state.nodes.values());
  const shared = [...scenes.values()].find((byPolicy) => policies.every(({ digest }) => byPolicy.has(digest)));
  if (shared === undefined) {
    throw new Problem('which-policy', `Run ${run} of ${state.pipeline} has several policies that were not compared.`, {
      hint: policies.map(({ name }) => `pipeline serve ${quoted(`${state.pipeline}:${name}`)}`).join('\n'),
    });
  }
  const of = (digest: Digest): Evaluation => shared.get(digest) as Evaluation;
  const [best = first, ...others] = policies.toSorted(
    (a, b) =>
      of(b.digest).successRate - of(a.digest).successRate || of(b.digest).meanMaxReward - of(a.digest).meanMaxReward,
  );
  const { episodes, seed } = of(best.digest);
  const words = others.map(({ name, digest }) => `${name} ${scoreOf(of(digest))}`).join(', ');
  return {
    ...best,
    why: `the best in its ${episodes} scenes from seed ${seed}: ${scoreOf(of(best.digest))}; ${words}`,
  };
}

const Evaluation = z.object({
  seed: z.number(),
  episodes: z.number(),
  successRate: z.number(),
  meanMaxReward: z.number(),
});
type Evaluation = z.output<typeof Evaluation>;

const PolicyInput = z.object({ policy: z.object({ $artifact: z.object({ digest: z.string() }) }) });

function scoreOf({ successRate, meanMaxReward }: Evaluation): string {
  return `success rate ${successRate.toFixed(2)}, mean reward ${meanMaxReward.toFixed(3)}`;
}

/** What rollouts in a run came to: by their scenes, and there by policy. */
async function evaluationsIn(
  store: Store,
  nodes: Iterable<{ readonly fingerprint?: string }>,
): Promise<Map<string, Map<string, Evaluation>>> {
  const fingerprints = [...nodes].flatMap(({ fingerprint }) =>
    fingerprint === undefined ? [] : [fingerprint as Digest],
  );
  const scenes = new Map<string, Map<string, Evaluation>>();
  for (const record of await store.records.getMany(fingerprints)) {
    const input = PolicyInput.safeParse(record?.recipe.inputs);
    if (record === undefined || !input.success) continue;
    const summaries = Object.values(record.outputs)
      .flatMap(artifactsIn)
      .filter(({ kind }) => kind === 'rollout-summary');
    for (const { meta } of summaries) {
      const evaluation = Evaluation.parse(meta);
      const key = `${evaluation.seed} ${evaluation.episodes}`;
      const byPolicy = scenes.get(key) ?? new Map<string, Evaluation>();
      scenes.set(key, byPolicy.set(input.data.policy.$artifact.digest, evaluation));
    }
  }
  return scenes;
}
