import type { ExecutorName, ToPlace } from './placement.ts';
import type { Change, Executor } from './executor.ts';

/** The executors of a run, and which of them takes what. */
export interface Executors {
  /** Where such a job runs. */
  nameFor(job: ToPlace): string;
  /** Opened before it is given: what only jobs need is loaded by the first that needs it. */
  named(name: string): Promise<Executor>;
  /** The same, when it is open already. */
  ready(name: string): Executor | undefined;
  /** Those that were asked for so far. */
  readonly opened: readonly Executor[];
  onChange(listener: (change: Change) => void): void;
}

/** One executor for everything. */
export function only(executor: Executor): Executors {
  let opened: Executor | undefined;
  return {
    nameFor: () => 'local',
    named: async () => {
      await executor.open();
      opened = executor;
      return executor;
    },
    ready: () => opened,
    opened: [executor],
    onChange: (listener) => executor.onChange(listener),
  };
}

/** Several by name. `make` loads one; `nameFor` decides. */
export function several(
  make: Readonly<Record<ExecutorName, () => Promise<Executor>>>,
  nameFor: (job: ToPlace) => ExecutorName,
): Executors {
  const made = new Map<string, Promise<Executor>>();
  const ready = new Map<string, Executor>();
  const opened: Executor[] = [];
  let listener: (change: Change) => void = () => {};
  const open = async (name: ExecutorName): Promise<Executor> => {
    const executor = await make[name]();
    executor.onChange((change) => listener(change));
    opened.push(executor);
    await executor.open();
    ready.set(name, executor);
    return executor;
  };
  return {
    nameFor,
    named: (name) => {
      const known = made.get(name) ?? open(name as ExecutorName);
      made.set(name, known);
      return known;
    },
    ready: (name) => ready.get(name),
    opened,
    onChange: (next) => {
      listener = next;
    },
  };
}
