import { fps, PushT } from '../../tasks/envs/pusht/env.ts';
import { randomOf } from '../../tasks/models/random.ts';
import { median, milliseconds } from './measure.ts';
import { printTable } from './table.ts';

const episodes = 40;
const stepsEach = 300;

/** One lane of PushT: the pusher goes to places around the tee, so that it pushes it about. */
export async function benchPusht(): Promise<void> {
  const rates: number[] = [];
  let touched = 0;
  for (let i = 0; i < 7; i += 1) {
    touched = 0;
    const took = await milliseconds(() => {
      for (let seed = 0; seed < episodes; seed += 1) touched += episode(seed);
    });
    rates.push((episodes * stepsEach) / (took / 1000));
  }
  const rate = median(rates);
  const share = `${((100 * touched) / (episodes * stepsEach)).toFixed(0)} %`;
  printTable(
    'PushT, one thread',
    ['env steps per second', 'times real time', 'steps that touch the tee'],
    [[rate.toFixed(0), (rate / fps).toFixed(0), share]],
  );
}

/** Gives how many steps touched the tee. */
function episode(seed: number): number {
  const env = new PushT();
  const random = randomOf(seed);
  let { blockPose } = env.reset({ seed });
  let touched = 0;
  let target: [number, number] = [256, 256];
  for (let step = 0; step < stepsEach; step += 1) {
    const around = (center: number): number => center + 160 * (random.uniform() - 0.5);
    if (step % 10 === 0) target = [around(blockPose[0]), around(blockPose[1])];
    const { observation, contacts } = env.step(target);
    blockPose = observation.blockPose;
    if (contacts > 0) touched += 1;
  }
  return touched;
}
