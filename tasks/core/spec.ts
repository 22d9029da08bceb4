import type { z } from 'zod';
import type { Gap, Launch } from '../../cache/code/python.ts';
import type { Artifact } from './artifact.ts';
import type { Need } from './needs.ts';
import type { Resources } from './resources.ts';

export type Shape = Readonly<Record<string, z.ZodType>>;
export type Value<S extends z.ZodType> = z.output<S>;
export type CallInputs<S extends Shape> = z.input<z.ZodObject<S>>;
export type Parsed<S extends Shape> = z.output<z.ZodObject<S>>;
export type Paths<S extends Shape> = { readonly [K in keyof S]: string };

/** An output value as a body returns it: an artifact may be given by the path of its files. */
export type Returned<T> =
  T extends Artifact<string, unknown>
    ? T | string
    : T extends readonly (infer U)[]
      ? readonly Returned<U>[]
      : T extends object
        ? { readonly [K in keyof T]: Returned<T[K]> }
        : T;

/** How far a job is. Shown to people; never part of a result. */
export interface Progress {
  /** Units done and in all, for example optimizer steps or episodes. */
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Newest values worth watching, for example `{ loss: 0.031 }`. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What one attempt at a node may use besides its inputs. Nothing here may change the result. */
export interface Attempt {
  /** An earlier attempt at the same fingerprint left something in the output folders to go on from. */
  readonly resuming: boolean;
  /** A folder for this attempt's own temporary files; gone afterwards. */
  readonly scratch: string;
  /** Cores given to this job. */
  readonly cpus: number;
  readonly signal: AbortSignal;
  readonly report: (progress: Progress) => void;
}

/** How a program is started, as far as a recipe says: with places where an input has a path. */
export type ProgramStart = Launch;
export type CodeGap = Gap;

/** Files of the project that change the outputs; gives their digests by path relative to `root`. */
export interface CodeInput {
  readonly describe: string;
  readonly digests: (root: string, start?: ProgramStart) => Promise<Readonly<Record<string, string>>>;
  /** What is not there, in words that follow a node's label and a colon; looked for before anything starts. */
  readonly missing?: (root: string) => Promise<string | undefined>;
  /** What the program may use and reading does not find, so that an edit there is not noticed. */
  readonly gaps?: (root: string, start?: ProgramStart) => Promise<readonly CodeGap[]>;
  /** Whether the program finds some of it by an absolute place, so that it cannot run from a copy. */
  readonly staysInPlace?: (root: string, start?: ProgramStart) => Promise<boolean>;
}

/** What a program is told ahead of the end of its time, so that it can save its state. */
export interface Warning {
  readonly signal: 'SIGTERM' | 'SIGUSR1' | 'SIGUSR2';
  /** How long ahead, in seconds; at least 60, because schedulers look every half minute. */
  readonly seconds: number;
}

interface Common<I extends Shape, O extends Shape> {
  name: string;
  inputs: I;
  outputs: O;
  /** Files whose content changes the outputs: globs (lock files, container recipes), or `python(entry)`. */
  code?: readonly (string | CodeInput)[];
  /** Environment variables that are set for the job. They count as inputs. */
  env?: Readonly<Record<string, string>>;
  /** Names of variables handed through to the job. Never hashed, never logged. */
  secrets?: readonly string[];
  /**
   * Names of variables handed through to the job where they are set: places of caches, proxies. They do not count, so they
   * must not change what comes out. Never logged.
   */
  inherits?: readonly string[];
  /**
   * Where a program starts; a relative path is relative to the project. By default the project's folder for a program with
   * `code`, whose files it then finds, and else a folder of the job's own.
   */
  cwd?: (inputs: Parsed<I>) => string;
  resources?: Resources | ((inputs: Parsed<I>) => Resources);
  /**
   * What the host of the job must have, looked for before anything starts: a run that lacks something is refused with the whole list.
   * `knownInputs` holds the inputs that are known by then; those that other tasks make are absent.
   */
  needs?: readonly Need[] | ((knownInputs: Partial<Parsed<I>>) => readonly Need[]);
  /**
   * What of the known inputs cannot be together, a line each, which names the inputs and says what to do. Asked when the task is
   * called, of what is known by then, and again when all inputs are there: such a node fails before its job starts. `kinds` holds
   * the kinds of inputs that are files, also of those that are still to come.
   */
  contradictions?: (knownInputs: Partial<Parsed<I>>, kinds: { readonly [K in keyof I]?: string }) => readonly string[];
  /** With `resume`, attempts at one fingerprint share one output folder, across preemptions, crashes and runs. */
  onPreempt?: 'restart' | 'resume';
  /**
   * A signal ahead of the time limit and of a preemption. By default SIGTERM 120 seconds ahead for tasks that resume, and
   * none for others: a program that does not know the signal is ended by it.
   */
  warning?: Warning | 'none';
  /**
   * After running out of memory it is tried once more with `factor` times as much, at most `mostGb`.
   * Default: twice as much. Without `memoryGb` there is nothing to multiply, and it fails.
   */
  onOutOfMemory?: { readonly factor: number; readonly mostGb?: number } | 'fail';
  /**
   * What lies outside the store and changes the outputs: files of the user, a listing of a bucket. Read when the plan is
   * made and again after the job; plain JSON. A job whose surroundings changed while it ran is not stored.
   */
  observe?: (inputs: Parsed<I>) => Promise<unknown>;
}

interface Program<I extends Shape, O extends Shape> {
  /** The argument list; the first is the program. Called with placeholder paths for the fingerprint, so it must be pure. */
  command: (inputs: Parsed<I>, out: Paths<O>, attempt: { readonly resuming: boolean }) => readonly string[];
  run?: never;
  version?: never;
}

interface Body<I extends Shape, O extends Shape> {
  /**
   * What it closes over below its module, when a function or a loop makes the task, counts with it: plain values, types, and
   * functions by their code. Anything else is refused: make it an input, or give a `version`.
   */
  run: (
    inputs: Parsed<I>,
    out: Paths<O>,
    attempt: Attempt,
  ) => Promise<{ readonly [K in keyof O]: Returned<Value<O[K]>> }>;
  /** Freezes the code's identity: edits count only when this changes. Without it, the source's digest counts. */
  version?: string;
  command?: never;
}

/** What an author writes: a program or a TypeScript body, with its types. */
export type TaskSpecOf<I extends Shape, O extends Shape> = Common<I, O> & (Program<I, O> | Body<I, O>);

/** A task with its types forgotten, as the runner sees it. `definedAt` is the position of the `task(...)` call. */
export interface TaskSpec {
  readonly name: string;
  readonly inputs: Shape;
  readonly outputs: Shape;
  readonly definedAt: string;
  /** Once, as its module is loaded, or each time that a function is called. */
  readonly madeIn: 'module' | 'function';
  readonly code: readonly (string | CodeInput)[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly inherits: readonly string[];
  readonly onPreempt: 'restart' | 'resume';
  readonly warning: Warning | 'none' | undefined;
  readonly onOutOfMemory: { readonly factor: number; readonly mostGb?: number } | 'fail';
  readonly version: string | undefined;
  readonly cwd: ((inputs: Inputs) => string) | undefined;
  readonly resources: (inputs: Inputs) => Resources;
  readonly needs: (knownInputs: Inputs) => readonly Need[];
  readonly contradictions?: (knownInputs: Inputs, kinds: Readonly<Record<string, string>>) => readonly string[];
  readonly observe: ((inputs: Inputs) => Promise<unknown>) | undefined;
  readonly command:
    | ((inputs: Inputs, out: Readonly<Record<string, string>>, attempt: { resuming: boolean }) => readonly string[])
    | undefined;
  readonly run:
    | ((
        inputs: Inputs,
        out: Readonly<Record<string, string>>,
        attempt: Attempt,
      ) => Promise<Readonly<Record<string, unknown>>>)
    | undefined;
}
type Inputs = Readonly<Record<string, unknown>>;

/** How one knows that a service is up: a path that answers 200, or a line that it prints. */
export type Readiness = ({ http: string } | { line: RegExp }) & { withinSeconds: number };

/** How the url of an endpoint begins. */
export type Scheme = 'http' | 'ws' | 'tcp';

/** What the body of a service may use besides its inputs and its port. */
export interface Serving {
  /** Cores that it may take for itself. */
  readonly cpus: number;
  /** Aborted when nobody needs it any more. */
  readonly signal: AbortSignal;
}

/** A service with its types forgotten, as the runner sees it. */
export interface ServiceSpec {
  readonly name: string;
  readonly inputs: Shape;
  readonly definedAt: string;
  readonly madeIn: 'module' | 'function';
  readonly code: readonly (string | CodeInput)[];
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly inherits: readonly string[];
  readonly needs: (known: Inputs) => readonly Need[];
  readonly cwd: ((inputs: Inputs) => string) | undefined;
  readonly resources: Resources;
  readonly ready: Readiness;
  readonly scheme: Scheme;
  readonly version: string | undefined;
  readonly observe: ((inputs: Inputs) => Promise<unknown>) | undefined;
  readonly command: ((inputs: Inputs, port: number) => readonly string[]) | undefined;
  readonly run: ((inputs: Inputs, port: number, serving: Serving) => Promise<void>) | undefined;
}
