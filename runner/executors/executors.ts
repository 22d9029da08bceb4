import type { ToPlace } from './placement.ts';
import type { Change, Executor } from './executor.ts';

/** The executors of a run, and which of them takes what. */
export interface Executors {
  /** Where such a job runs. */
  nameFor(job: ToPlace): string;
  /** Which of them runs services for its jobs; a job of any other brings its own along. */
  readonly serviceHost: string;
  /** Opened before it is given: what only jobs need is loaded by the first that needs it. */
  named(name: string): Promise<Executor>;
  /** The same, when it is open already. */
  ready(name: string): Executor | undefined;
  /** Those that were asked for so far. */
  readonly opened: readonly Executor[];
  onChange(listener: (change: Change) => void): void;
}

/** Several by name, each made when it is first asked for. */
export function several({
  make,
  nameFor,
  serviceHost,
}: Pick<Executors, 'nameFor' | 'serviceHost'> & { make: (name: string) => Promise<Executor> }): Executors {
  const made = new Map<string, Promise<Executor>>();
  const ready = new Map<string, Executor>();
  const opened: Executor[] = [];
  let listener: (change: Change) => void = () => {};
  const open = async (name: string): Promise<Executor> => {
    const executor = await make(name);
    executor.onChange((change) => listener(change));
    opened.push(executor);
    await executor.open();
    ready.set(name, executor);
    return executor;
  };
  return {
    nameFor,
    serviceHost,
    named: (name) => {
      const known = made.get(name) ?? open(name);
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
