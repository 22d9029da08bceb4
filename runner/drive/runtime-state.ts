import type { Digest } from '../../cache/digest.ts';
import { fileProblem } from '../../cache/file-problem.ts';
import { Problem } from '../../cache/problem.ts';
import { Attempts } from '../attempt/attempts.ts';
import type { AttemptEnd } from '../attempt/finish-attempt.ts';
import { Leases } from './leases.ts';
import type { CoordinateOptions } from './coordinate-options.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import type { Event, Fact } from '../log/events.ts';
import { type Executors, only } from '../executors/executors.ts';
import { History } from '../plan/history.ts';
import { ancestorsOf, findNode } from '../project/names.ts';
import type { Item } from '../values/output.ts';
import { QueuedNodes } from './queued-nodes.ts';
import { readEvents } from '../log/run-log.ts';
import { type KeyedCall, Recipes } from '../keys/recipes.ts';
import type { Tries } from '../log/tries.ts';
import { Services } from '../services/services.ts';
import type { Session } from '../project/session.ts';
import { type TriesLeft, triesLeft } from '../log/tries-left.ts';
import { apply, emptyState, type RunState } from '../log/state.ts';

/** Nodes of this run with one fingerprint: the first runs, the others take what it gives. */
export interface Shared {
  readonly owner: string;
  readonly followers: KeyedCall[];
}

/** So long files of a job on another host are waited for, in seconds. */
const usualVisibleSeconds = 120;

export interface RuntimeListeners {
  /** A fact was written to the log. */
  readonly emitted: (event: Event) => void;
  readonly released: (call: KeyedCall, output: string, item: Item) => void;
  readonly ended: (call: KeyedCall, end: AttemptEnd) => void;
}

/** What one driver works with, and how far it is: what the coordinator and its hands share. */
export class RuntimeState {
  readonly session: Session;
  readonly options: CoordinateOptions;
  readonly recipes: Recipes;
  readonly history: History;
  readonly leases: Leases;
  readonly executors: Executors;
  readonly services: Services;
  readonly attempts: Attempts;
  readonly queue: QueuedNodes;
  /** Graph addresses that the run is limited to. */
  readonly only: ReadonlySet<string> | undefined;
  /** Nodes that somebody wants to end. */
  readonly unwanted = new Set<string>();
  /** Of the nodes whose jobs are on their way. */
  readonly tries = new Map<string, Tries>();
  /** What an earlier driver of this run meant to do next, by address. */
  readonly triesLeft: ReadonlyMap<string, TriesLeft>;
  /** How often the store has lost what. */
  readonly losses = new Map<string, number>();
  dataflow: Dataflow;
  shared = new Map<Digest, Shared>();
  state: RunState = emptyState;
  /** No more is started: `left` when jobs run on without this driver. */
  stopping: 'cancelled' | 'failed' | 'left' | undefined;
  /** Everything is to be looked up again. */
  startOver = false;
  /** An attempt has ended, or could not even begin. */
  readonly attemptEnded: (call: KeyedCall, end: AttemptEnd) => void;
  readonly #emitted: (event: Event) => void;
  #changes: (() => void | Promise<void>)[] = [];
  #wake: () => void = () => {};

  constructor(session: Session, options: CoordinateOptions, { emitted, released, ended }: RuntimeListeners) {
    const { graph } = session;
    this.session = session;
    this.options = options;
    this.#emitted = emitted;
    this.attemptEnded = ended;
    this.triesLeft = options.resumed ? triesLeft(readEvents(options.run.folder)) : new Map();
    this.recipes = new Recipes(session.root, session.codeOf);
    this.history = new History(session.store, session.pipelineName, options.run.run);
    this.leases = new Leases(session.store.root, options.run.run);
    const executors = 'nameFor' in options.executor ? options.executor : only(options.executor);
    this.services = new Services({
      store: session.store,
      code: session.code,
      run: options.run,
      executors,
      emit: (fact) => this.emit(fact),
      cancel: (address) => this.attempts.cancel(address),
      changed: ({ failed }) => this.soon(() => (failed && options.failFast ? this.stop('failed') : undefined)),
      isLoss: (error) => this.isLoss(error),
    });
    this.executors = this.services.watched(executors);
    this.queue = new QueuedNodes(graph, (address) => this.history.secondsOf(address));
    this.only = options.until === undefined ? undefined : ancestorsOf(graph, findNode(graph, options.until));
    this.dataflow = new Dataflow(graph, this.only);
    this.attempts = new Attempts({
      store: session.store,
      code: session.code,
      run: options.run,
      executors: this.executors,
      diagnostics: options.diagnostics,
      visibleWithinSeconds: options.visibleWithinSeconds ?? usualVisibleSeconds,
      emit: (event) => this.emit(event),
      released,
      ended,
    });
  }

  /** Something to do in the loop, before anything is decided. */
  soon(change: () => void | Promise<void>): void {
    this.#changes.push(change);
    this.#wake();
  }

  get hasChanges(): boolean {
    return this.#changes.length > 0;
  }

  takeChanges(): (() => void | Promise<void>)[] {
    return this.#changes.splice(0);
  }

  async nextChange(): Promise<void> {
    if (!this.hasChanges) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Jobs that can do without a driver end only when the run is to end, and not only its driver. */
  stop(why: 'cancelled' | 'failed' | 'left', { lasting = why === 'failed' } = {}): void {
    if (lasting) this.stopping = why;
    else this.stopping ??= why;
    this.attempts.cancelAll({ now: this.options.kill.aborted, lasting });
  }

  /** What the store has lost is made again: everything is looked up anew. */
  isLoss(error: unknown): boolean {
    if (!Problem.is(error) || (error.code !== 'damaged-blob' && error.code !== 'tree-missing')) return false;
    this.warn(`${error.message} ${error.hint ?? ''}`.trim());
    this.losses.set(error.message, (this.losses.get(error.message) ?? 0) + 1);
    this.startOver = true;
    return true;
  }

  warn(message: string): void {
    this.emit({ type: 'warning', message });
  }

  emit(fact: Fact): void {
    const event = { time: new Date().toISOString(), ...fact } as Event;
    try {
      this.options.run.append(event);
    } catch (cause) {
      throw fileProblem(cause, this.options.run.folder); // what cannot be told must not happen
    }
    this.state = apply(this.state, event);
    this.#emitted(event);
  }
}
