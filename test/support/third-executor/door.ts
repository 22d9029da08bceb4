import type { Door } from '../../../runner/executors/door.ts';
import { localCapacity } from '../../../runner/executors/capacity.ts';
import { ThirdExecutor } from './executor.ts';

/** The least that a door has to say. */
export const thirdDoor: Door = {
  name: 'third',
  make: async ({ machine }, options) => new ThirdExecutor(await localCapacity(machine, options)),
};
