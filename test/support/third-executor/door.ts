import type { Door } from '../../../runner/executors/door.ts';

/** The least that a door has to say. */
export const thirdDoor: Door = {
  name: 'third',
  make: async (site, options) => (await import('./executor.ts')).makeThird(site, options),
};
