import { createInterface } from 'node:readline';
import { PushT, type PushTObservation } from '../../tasks/envs/pusht/env.ts';
import { noiseSeedOf } from '../../tasks/rollout/pusht/roll-out.ts';

/**
 * PushT as a program for clients in other languages: `pusht-program.js MAX_STEPS SEED...`. Reads a line with
 * `observation_steps`; then prints what is seen and reads the actions to carry out, line by line, through all episodes; in
 * the end prints `{"done": [...]}`, what each came to.
 */
const [maxSteps = 0, ...seeds] = process.argv.slice(2).map(Number);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async <T>(): Promise<T> => JSON.parse((await lines.next()).value as string) as T;
const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const { observation_steps: steps } = await read<{ observation_steps: number }>();
const done = [];
for (const seed of seeds) {
  const env = new PushT();
  let seen: PushTObservation[] = new Array<PushTObservation>(steps).fill(env.reset({ seed }));
  const carriedOut: number[] = [];
  let [maxReward, success, length] = [0, false, 0];
  for (let inference = 0; !success && length < maxSteps; inference += 1) {
    say({
      state: seen.map(({ agent }) => [...agent]),
      environment_state: seen.map(({ keypoints }) => [...keypoints]),
      noise_seed: noiseSeedOf(seed, inference),
    });
    for (const action of (await read<{ actions: [number, number][] }>()).actions) {
      const result = env.step(action);
      carriedOut.push(...action);
      length += 1;
      maxReward = Math.max(maxReward, Math.fround(result.reward));
      success = result.success;
      seen = [...seen.slice(1), result.observation];
      if (success || length >= maxSteps) break;
    }
  }
  done.push({ seed, length, success, maxReward, actions: carriedOut });
}
say({ done });
process.stdin.destroy();
