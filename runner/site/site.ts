import type { MachineLimits } from '../executors/capacity.ts';
import type { Doors } from '../executors/door.ts';
import type { ToPlace } from '../executors/placement.ts';

/** The place where pipelines run, and the executors that it has. */
export interface Site {
  /** The store's folder; relative to the site file. */
  readonly store?: string | undefined;
  /** Where records are kept: `auto`, `sqlite:…`, `files:…`, `redis://…`, `postgres://…`. */
  readonly records?: string | undefined;
  /** What may be used of this machine, where that is not all it has. */
  readonly local: MachineLimits;
  /** Refuse programs of which something cannot be followed. */
  readonly strict?: boolean | undefined;
  readonly doors: Doors;
  /** What each executor is told, by its name. */
  readonly executors?: Readonly<Record<string, unknown>> | undefined;
  /** Where jobs run for which nothing else is said. */
  readonly executor?: string | undefined;
  /** Where one job runs, when not all of them go to the same place; undefined: where the others go. */
  readonly place?: ((job: ToPlace) => string | undefined) | undefined;
}
