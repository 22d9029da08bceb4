import type { Executor } from '../../runner/executors/executor.ts';
import { type Executors, several } from '../../runner/executors/executors.ts';

/** One executor for everything, services included. */
export function only(executor: Executor): Executors {
  return several({ make: async () => executor, nameFor: () => 'local', serviceHost: 'local' });
}
