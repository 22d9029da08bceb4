import type { z } from 'zod';
import { isTable } from '../../cache/canonical-json.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { MachineLimits } from './capacity.ts';
import type { Executor, QueueStatus, Submitted } from './executor.ts';
import type { Finding } from './finding.ts';

/**
 * Everything that is asked of one kind of executor, before and beside its jobs. Only `name` and `make` have to be said; what is
 * left out has a default that fits jobs as children of the driver. What is heavy is loaded inside of the functions: doors are
 * read by every command.
 */
export interface Door<Own = unknown> {
  /** As `--executor`, `pipeline.config.ts` and the logs of runs have it. */
  readonly name: string;
  /** Where its jobs run, for people: `this machine`. Default: `the executor NAME`. */
  readonly place?: string;
  /** What `executors: { NAME: … }` of `pipeline.config.ts` may say. Default: nothing may be said. */
  readonly site?: z.ZodType<Own>;
  /**
   * Jobs and services run on the machine of the driver: a server is up once, for all its jobs, and takes no core of theirs.
   * Default: each job brings its own servers along, and asks for the sum of all resources.
   */
  readonly hostsServices?: boolean;
  /** Programs that it needs on PATH; `doctor` looks for them. */
  readonly programs?: readonly { readonly name: string; readonly purpose: string }[];
  /** For an executor that outlives its driver: its jobs while nobody drives them. */
  readonly left?: LeftJobs<Own>;
  /** Whether the site prepares what jobs find where they run: then programs that are missing here say nothing. Default: no. */
  isSetUp?(own: Own): boolean;
  /** The executor, not yet open: nothing runs before its `open`. */
  make(site: ExecutorSite<Own>, options: MakeOptions): Promise<Executor>;
  /**
   * Why jobs with these resources can never start there: all reasons for each of them, in one look; none while it is not known.
   * With `isNote`, what could not be told.
   * Default: what the executor itself says when it is not open.
   */
  refusals?(asked: readonly Resources[], site: ExecutorSite<Own>): Promise<readonly (readonly Reason[])[]>;
  /** What `doctor` finds there; with `probe` by starting tiny jobs. Default: nothing. */
  examine?(site: ExecutorSite<Own>, options: { readonly probe: boolean }): Promise<readonly Finding[]>;
}

/** Doors by name, each loaded by who asks for it. */
export type Doors = Readonly<Record<string, () => Promise<Door>>>;

/** What an executor is told of the site. */
export interface ExecutorSite<Own = unknown> {
  /** Its own part of `pipeline.config.ts`. */
  readonly own: Own;
  readonly storeRoot: string;
  /** What may be used of this machine, where that is not all it has. */
  readonly machine: MachineLimits;
}

export interface MakeOptions {
  /** Jobs on this machine at one time. Default: one a core. */
  readonly jobs?: number | undefined;
  /** Whether a job may ask for GPUs: looking for them takes a process. */
  readonly withGpus: boolean;
}

export interface LeftJobs<Own> {
  /** What the queue says of each of them now, by one question; undefined when nobody answers. */
  queueStatuses(
    jobs: readonly Submitted[],
    site: ExecutorSite<Own>,
  ): Promise<readonly (QueueStatus | undefined)[] | undefined>;
  /** Ends them, and returns when they are gone. */
  end(jobs: readonly LeftJob[], site: ExecutorSite<Own>): Promise<void>;
}

export interface LeftJob extends Submitted {
  /** Absolute. */
  readonly folder: string;
}

export interface Reason {
  /** In words that follow a node's label and a colon. */
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
  /** It can start all the same: this is said, and no more. */
  readonly isNote?: boolean;
}

/** Where a door's jobs run, as people say it. */
export function placeOfDoor({ name, place = `the executor ${name}` }: Door): string {
  return place;
}

/** What a door refuses, whether it says so itself or its executor does. */
export async function refusalsOfDoor(
  door: Door,
  asked: readonly Resources[],
  site: ExecutorSite,
): Promise<readonly (readonly Reason[])[]> {
  const { refusals } = door;
  if (refusals) {
    const reasons: unknown = await asking(door, 'refusals', () => refusals.call(door, asked, site));
    return checkedReasons(door, reasons, asked.length);
  }
  const withGpus = asked.some(({ gpus = 0 }) => gpus > 0);
  const executor = await asking(door, 'make', () => door.make(site, { withGpus }));
  if (executor.outlivesDriver && !door.left) {
    const what = `jobs of the executor ${door.name} outlive their driver, and its door has no \`left\``;
    return asked.map(() => [{ what }]);
  }
  return asking(door, 'refusal', () => {
    return asked.map((resources) => {
      const what = executor.refusal(resources);
      return what === undefined ? [] : [{ what }];
    });
  });
}

function checkedReasons(door: Door, reasons: unknown, count: number): readonly (readonly Reason[])[] {
  const isReason = (reason: unknown): boolean => isTable(reason) && typeof reason.what === 'string';
  const isRight =
    Array.isArray(reasons) &&
    reasons.length === count &&
    reasons.every((list: unknown) => Array.isArray(list) && list.every(isReason));
  if (isRight) return reasons as readonly (readonly Reason[])[];
  throw new Problem(
    'wrong-door',
    `\`refusals\` of the executor ${door.name} gave no list for each of the ${count} jobs.`,
    {
      hint: 'Give one list for each job, in their order: [] or [{ what: "…" }].',
    },
  );
}

/** Asks a door something; what it throws is told as its own. Throws `door-failed`. */
export async function asking<T>(door: Door, question: string, ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    const isTypeScript = (cause as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw new Problem(
      'door-failed',
      `The door of the executor ${door.name} threw in \`${question}\`: ${messageOf(cause)}`,
      {
        hint: isTypeScript
          ? 'Set "type": "module" in the project\'s package.json: TypeScript that is imported late needs it.'
          : 'This is a mistake in that door, not in the pipeline.',
        cause,
      },
    );
  }
}
