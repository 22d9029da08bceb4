import { frameSize } from '../../envs/pusht/render.ts';
import type { Policy } from '../../models/flow-policy/policy.ts';
import { Episode, type Trace } from './episode.ts';

/**
 * Rolls a policy out on all seeds at once, one inference for all episodes that still run, and yields each episode as it ends:
 * at its first success or after `maxSteps`.
 *
 * Before an episode has `obsSteps` frames its first one stands in for the missing ones. The noise of an episode's
 * inference depends on its seed and on how many came before, so not on the other episodes.
 */
export function* rollOut(policy: Policy, seeds: readonly number[], maxSteps: number): Generator<Trace> {
  let running = seeds.map((seed) => new Episode(seed, maxSteps));
  for (let inference = 0; running.length > 0; inference += 1) {
    const noiseSeeds = running.map(({ seed }) => noiseSeedOf(seed, inference));
    const actions = policy.act(observationsOf(running, policy.obsSteps), running.length, noiseSeeds);
    const chunk = 2 * policy.actionSteps;
    for (const [row, episode] of running.entries()) {
      episode.play(actions.subarray(row * chunk, (row + 1) * chunk));
      if (episode.isOver) yield episode.trace();
    }
    running = running.filter(({ isOver }) => !isOver);
  }
}

/** A number in [0, 2^32) that looks unrelated for any two pairs (MurmurHash3's finalizer, twice). */
export function noiseSeedOf(seed: number, inference: number): number {
  return scramble(scramble(seed) + Math.imul(inference + 1, 0x9e3779b9));
}

function scramble(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

function observationsOf(episodes: readonly Episode[], obsSteps: number): Float32Array {
  const rows = new Float32Array(episodes.length * obsSteps * frameSize);
  for (const [row, episode] of episodes.entries()) {
    for (let i = 0; i < obsSteps; i += 1) {
      rows.set(episode.frameBack(obsSteps - 1 - i), (row * obsSteps + i) * frameSize);
    }
  }
  return rows;
}
