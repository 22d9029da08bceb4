import { existsSync, rmSync } from 'node:fs';
import type { Digest } from '../cache/digest.ts';
import { fileProblem } from '../cache/file-problem.ts';
import { Problem } from '../cache/problem.ts';
import type { NodeRecord } from '../cache/records.ts';
import { type AttemptEnd, Attempts } from './attempts.ts';
import { Claims } from './claims.ts';
import { Dataflow, type Instance, type Item, type Output } from './dataflow.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Cost, Event, Fact, Failure } from './events.ts';
import type { Executor, Outlook } from './executors/executor.ts';
import { CancelRequests } from './cancels.ts';
import { type Executors, only } from './executors/executors.ts';
import { History } from './history.ts';
import { failureOf } from './judge.ts';
import { isWhole, outputsOf } from './known.ts';
import { ancestorsOf, findNode } from './names.ts';
import { type Pending, PendingNodes } from './pending.ts';
import { type Prepared, Recipes, resourcesOf, specOf, toPlace } from './recipes.ts';
import { nextTry, noTries, type Tries } from './retries.ts';
import { recordOf, resultsOf, runFinished, runStarted } from './run-facts.ts';
import type { RunLog } from './run-log.ts';
import { refuseElsewhere, Services } from './services.ts';
import type { Session } from './session.ts';
import { workFolder } from './stage.ts';
import { apply, emptyState, type RunState } from './state.ts';
import { servicesIn } from './values.ts';

export interface CoordinateOptions {
  readonly run: RunLog;
  readonly executor: Executor | Executors;
  readonly diagnostics: Diagnostics;
  /** The run's log has events of an earlier driver. */
  readonly resumed: boolean;
  /** Only this node and what it needs; an address or label. */
  readonly until?: string;
  /** Nodes to run whatever is known of them; addresses or labels. */
  readonly force?: readonly string[];
  /** Stop everything at the first failure. */
  readonly failFast?: boolean;
  /** Do what can be done now, and leave jobs that can do without a driver to the next. */
  readonly once?: boolean;
  /** So long files of jobs on other hosts are waited for, in seconds. Default 120. */
  readonly visibleWithinSeconds?: number;
  /** Given once the run has begun: what a scheduler says of a node's job. */
  readonly onOutlook?: (outlook: (address: string) => Outlook | undefined) => void;
  /** Stop: jobs are told, get time, are killed; those that can do without a driver run on. */
  readonly signal: AbortSignal;
  /** Stop now: jobs are killed. */
  readonly kill: AbortSignal;
}

/** How often a node that another run works on is looked at, in milliseconds. */
const awaitPollMs = 200;
/** How often it is looked whether somebody wants the run, or a node of it, to end; in milliseconds. */
const cancelPollMs = 1000;
/** So long files of a job on another host are waited for, in seconds. */
const usualVisibleSeconds = 120;
/** A store that goes on losing the same blob is broken; a run does not make one again more often than this. */
const mostLosses = 3;

/**
 * Drives a run to its end and yields every fact after it was written to the log; the last is `run-finished`.
 * All order is decided here.
 */
export async function* coordinate(session: Session, options: CoordinateOptions): AsyncGenerator<Event> {
  const written: Event[] = [];
  let tell: () => void = () => {};
  const coordinator = new Coordinator(session, options, (event) => {
    written.push(event);
    tell();
  });
  let ended = false;
  const end = coordinator.drive().finally(() => {
    ended = true;
    tell();
  });
  end.catch(() => {}); // thrown below, once the facts before it were seen
  while (!ended || written.length > 0) {
    if (written.length === 0) await new Promise<void>((resolve) => (tell = resolve));
    yield* written.splice(0);
  }
  await end;
}

interface FailedAttempt {
  readonly attempt: number;
  readonly seconds: number;
  readonly log?: string;
  readonly cost?: Cost;
}

const unwanted: Failure = { code: 'cancelled-on-request', message: 'It was cancelled with `pipeline cancel`.' };

/** Nodes of this run with one fingerprint: the first runs, the others take what it gives. */
interface Shared {
  readonly owner: string;
  readonly followers: Prepared[];
}

class Coordinator {
  readonly #session: Session;
  readonly #options: CoordinateOptions;
  readonly #emitted: (event: Event) => void;
  readonly #recipes: Recipes;
  readonly #history: History;
  readonly #attempts: Attempts;
  readonly #claims: Claims;
  readonly #executors: Executors;
  readonly #services: Services;
  readonly #cancels: CancelRequests;
  /** Nodes that somebody wants to end. */
  readonly #unwanted = new Set<string>();
  readonly #only: ReadonlySet<string> | undefined;
  readonly #forced: ReadonlySet<string>;
  #dataflow: Dataflow;
  #state: RunState = emptyState;
  readonly #pending: PendingNodes;
  #shared = new Map<Digest, Shared>();
  /** Of the nodes whose jobs are on their way. */
  readonly #tries = new Map<string, Tries>();
  #deciding = 0;
  #changes: (() => void | Promise<void>)[] = [];
  #wake: () => void = () => {};
  #stopping: 'cancelled' | 'failed' | 'left' | undefined;
  #startOver = false;
  /** Jobs that run on without this driver. */
  #left = 0;
  #isSettled = false;
  readonly #losses = new Map<string, number>();

  constructor(session: Session, options: CoordinateOptions, emitted: (event: Event) => void) {
    this.#session = session;
    this.#options = options;
    this.#emitted = emitted;
    this.#recipes = new Recipes(session.root, session.codeOf);
    this.#history = new History(session.store, session.pipelineName, options.run.run);
    this.#claims = new Claims(session.store.root, options.run.run);
    const executors = 'nameFor' in options.executor ? options.executor : only(options.executor);
    this.#services = new Services({
      store: session.store,
      code: session.code,
      run: options.run,
      executors,
      emit: (fact) => this.#emit(fact),
      cancel: (address) => this.#attempts.cancel(address),
      changed: () => this.#soon(() => {}),
      failed: () => options.failFast && this.#soon(() => this.#stop('failed')),
      isLoss: (error) => this.#isLoss(error),
    });
    this.#executors = this.#services.watched(executors);
    this.#cancels = new CancelRequests(options.run.folder);
    const { graph } = session;
    this.#pending = new PendingNodes(graph, (address) => this.#history.secondsOf(address));
    this.#only = options.until === undefined ? undefined : ancestorsOf(graph, findNode(graph, options.until));
    this.#forced = new Set((options.force ?? []).map((name) => findNode(graph, name)));
    this.#dataflow = new Dataflow(graph, this.#only);
    this.#attempts = new Attempts({
      store: session.store,
      code: session.code,
      run: options.run,
      executors: this.#executors,
      diagnostics: options.diagnostics,
      visibleWithinSeconds: options.visibleWithinSeconds ?? usualVisibleSeconds,
      emit: (event) => this.#emit(event),
      released: (prepared, output, item) => this.#released(prepared, output, item),
      ended: (prepared, end) => this.#attemptEnded(prepared, end),
    });
  }

  async drive(): Promise<void> {
    const startedAt = performance.now();
    const { run, resumed } = this.#options;
    this.#emit(runStarted(this.#session, { run: run.run, resumed, only: this.#only }));
    this.#options.onOutlook?.((address) => this.#attempts.outlook(address));
    const stop = (): void => this.#soon(() => this.#stop(this.#attempts.lasting > 0 ? 'left' : 'cancelled'));
    const kill = (): void => {
      this.#attempts.cancelAll({ now: true });
      this.#services.stopAll({ now: true });
    };
    this.#options.signal.addEventListener('abort', stop);
    this.#options.kill.addEventListener('abort', kill);
    if (this.#options.signal.aborted) stop();
    const poll = setInterval(() => this.#pending.awaitsOthers && this.#soon(() => {}), awaitPollMs);
    const cancels = setInterval(() => this.#takeCancels(), cancelPollMs);
    try {
      await this.#loop();
    } finally {
      clearInterval(poll);
      clearInterval(cancels);
      this.#options.signal.removeEventListener('abort', stop);
      this.#options.kill.removeEventListener('abort', kill);
      this.#left = this.#attempts.lasting;
      await this.#attempts.close(); // before the locks: nobody may start what a job of ours still works on
      this.#claims.releaseAll();
    }
    if (this.#stopping === 'left' && this.#left > 0) {
      this.#emit({ type: 'driver-left', run: run.run, jobs: this.#left });
      return;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const results = resultsOf(this.#session.graph.wanted, this.#dataflow);
    const isCancelled = this.#stopping === 'cancelled' || this.#stopping === 'left';
    this.#emit(runFinished(this.#state, results, { run: run.run, seconds, isCancelled }));
  }

  async #loop(): Promise<void> {
    for (;;) {
      const changes = this.#changes.splice(0);
      if (changes.length > 0) this.#isSettled = false;
      for (const change of changes) await change();
      if (!this.#stopping && !this.#startOver) {
        await this.#decideAll();
        await this.#launch();
      }
      this.#emitSkipped();
      this.#services.stopUnwanted((address) => this.#dataflow.isWanted(address));
      if (this.#changes.length > 0) continue;
      const here = this.#attempts.running - this.#attempts.lasting + this.#deciding + this.#services.starting;
      const isOver = this.#startOver || this.#stopping !== undefined || this.#pending.length === 0;
      const jobs = this.#attempts.running - (this.#stopping === 'left' ? this.#attempts.lasting : 0);
      if (isOver && jobs + this.#deciding === 0) this.#services.stopAll({ now: this.#options.kill.aborted });
      if (this.#services.running === 0) {
        if (here === 0 && this.#stopping === 'left') return;
        if (this.#attempts.running === 0 && this.#deciding === 0) {
          if (this.#startOver) this.#restart();
          else if (isOver) return;
        }
      }
      if (here === 0 && this.#attempts.running === 0 && !isOver) await this.#makeRoom();
      if (here === 0 && this.#options.once && !this.#startOver && !this.#stopping) {
        await this.#settleOrLeave();
        continue;
      }
      if (this.#changes.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** One look at the queue after all that could be done was done: if it brings nothing new, the rest is for the next driver. */
  async #settleOrLeave(): Promise<void> {
    if (this.#isSettled) {
      this.#stop('left');
      return;
    }
    this.#isSettled = true;
    await this.#attempts.settle();
  }

  async #makeRoom(): Promise<void> {
    const next = (await this.#pending.inOrder()).find(({ awaitedFrom }) => awaitedFrom === undefined);
    if (next) this.#services.makeRoomFor(next.prepared);
  }

  #takeCancels(): void {
    for (const address of this.#cancels.take()) {
      this.#soon(() => (address === null ? this.#stop('cancelled', { lasting: true }) : this.#cancelNode(address)));
    }
  }

  #cancelNode(address: string): void {
    this.#unwanted.add(address);
    if (this.#attempts.cancel(address) || this.#services.giveUp(address, unwanted)) return;
    const pending = this.#pending.at(address);
    if (!pending) return; // it gives up when its turn comes
    this.#pending.remove(pending);
    this.#giveUp(pending.prepared, unwanted, { attempt: pending.attempt, seconds: 0 });
  }

  #soon(change: () => void | Promise<void>): void {
    this.#changes.push(change);
    this.#wake();
  }

  async #decideAll(): Promise<void> {
    for (let ready = this.#dataflow.takeReady(); ready.length > 0; ready = this.#dataflow.takeReady()) {
      await this.#decide(ready);
    }
  }

  /** Looks up what is ready. What has to look at the world outside first does so on the side. */
  async #decide(instances: readonly Instance[]): Promise<void> {
    const [slow, quick] = partition(instances, (instance) => specOf(instance).observe !== undefined);
    for (const instance of slow) {
      this.#deciding += 1;
      void this.#prepare(instance).then((prepared) => {
        this.#soon(async () => {
          this.#deciding -= 1;
          await this.#take(prepared ? [prepared] : []);
        });
      });
    }
    const prepared: Prepared[] = [];
    for (const instance of quick) {
      const one = await this.#prepare(instance);
      if (one) prepared.push(one);
    }
    await this.#take(prepared);
  }

  /** Services have given their endpoints as soon as it is known what they serve. */
  async #take(prepared: readonly Prepared[]): Promise<void> {
    const [services, calls] = partition(prepared, ({ instance }) => instance.of.node.type === 'service');
    for (const one of services) this.#dataflow.finish(one.instance.address, this.#services.promise(one));
    await this.#lookUp(calls);
  }

  async #prepare(instance: Instance): Promise<Prepared | undefined> {
    try {
      return await this.#recipes.prepare(instance);
    } catch (error) {
      this.#soon(() => this.#fail(instance.address, instance.label, failureOf(error), { attempt: 1, seconds: 0 }));
      return undefined;
    }
  }

  async #lookUp(prepared: readonly Prepared[]): Promise<void> {
    if (prepared.length === 0) return;
    const records = await this.#session.store.records.getMany(prepared.map(({ fingerprint }) => fingerprint));
    for (const [i, one] of prepared.entries()) {
      const record = records[i];
      const { address, of } = one.instance;
      const before = this.#state.nodes.get(address); // of this run, before it started over
      const forced = before?.phase !== 'done' && this.#forced.has(of.address);
      const sharing = this.#shared.get(one.fingerprint);
      if (before?.phase === 'failed' && before.fingerprint === one.fingerprint) this.#dataflow.fail(address);
      else if (sharing) this.#follow(sharing, one);
      else if (record && !forced && isWhole(this.#session.store, record)) this.#hit(one, record, 'store');
      else await this.#mustRun(one, forced, record !== undefined && !forced);
    }
  }

  #follow(sharing: Shared, prepared: Prepared): void {
    sharing.followers.push(prepared);
    for (const [output, items] of this.#attempts.releasedBy(sharing.owner)) {
      for (const item of items) this.#dataflow.release(prepared.instance.address, output, item);
    }
  }

  async #mustRun(prepared: Prepared, forced: boolean, damaged: boolean): Promise<void> {
    this.#shared.set(prepared.fingerprint, { owner: prepared.instance.address, followers: [] });
    const why = forced ? 'it was asked for with --force' : damaged ? 'its stored result is damaged' : undefined;
    if (this.#unwanted.has(prepared.instance.address)) {
      this.#giveUp(prepared, unwanted, { attempt: 1, seconds: 0 });
      return;
    }
    const reason = why ?? (await this.#history.reason(prepared));
    this.#pending.add({ prepared, reason, forced });
  }

  #hit(prepared: Prepared, record: NodeRecord, from: 'store' | 'other-run'): void {
    const { address, label } = prepared.instance;
    const { seconds } = record.provenance;
    // After a new start, what this run has done or found already is no news.
    const phase = this.#state.nodes.get(address)?.phase;
    const isNews = phase !== 'done' && phase !== 'cached';
    if (isNews) this.#emit({ type: 'node-cached', address, label, fingerprint: prepared.fingerprint, from, seconds });
    if (prepared.spec.onPreempt === 'resume') this.#dropLeftWork(prepared);
    this.#finish(prepared, outputsOf(record));
  }

  /** A driver that was killed between a node's record and the end of its work folder left that folder behind. */
  #dropLeftWork({ fingerprint }: Prepared): void {
    const work = workFolder(this.#session.store, fingerprint);
    if (!existsSync(work)) return;
    if (!this.#claims.take(fingerprint)) return; // another run may work in it, when it was forced to
    rmSync(work, { recursive: true, force: true });
    this.#claims.release(fingerprint);
  }

  /** Starts what there is room for. A job that does not fit lets smaller ones go first. */
  async #launch(): Promise<void> {
    if (this.#pending.length === 0) return;
    for (const pending of await this.#pending.inOrder()) {
      if (this.#stopping || this.#startOver) return;
      if (!(await this.#hasServices(pending))) continue;
      if (!(await this.#hasRoom(pending))) continue;
      if (!(await this.#claim(pending))) continue;
      this.#pending.remove(pending);
      await this.#start(pending);
    }
  }

  /** Services are started for a node that is sure to run, and before it asks for room of its own. */
  async #hasServices(pending: Pending): Promise<boolean> {
    const { prepared, tries, attempt } = pending;
    if (servicesIn(prepared.inputs).length === 0) return true;
    try {
      refuseElsewhere(prepared, this.#executors.nameFor(toPlace(prepared)));
      const look = await this.#services.look(prepared, tries.resources ?? resourcesOf(prepared));
      if (look === 'startable' && (await this.#claim(pending))) await this.#services.startFor(prepared);
      if (typeof look === 'string') return look === 'up';
      this.#pending.remove(pending);
      this.#soon(() => this.#skip(prepared, look.failed));
    } catch (error) {
      this.#pending.remove(pending);
      this.#soon(() => this.#giveUp(prepared, failureOf(error), { attempt, seconds: 0 }));
    }
    return false;
  }

  async #hasRoom(pending: Pending): Promise<boolean> {
    const { prepared, attempt, tries } = pending;
    if (this.#attempts.isSubmitted(prepared)) return true;
    try {
      const name = this.#executors.nameFor(toPlace(prepared));
      const executor = this.#executors.ready(name) ?? (await this.#executors.named(name));
      const resources = tries.resources ?? resourcesOf(prepared);
      if (executor.hasRoom(resources)) return true;
      const refusal = executor.refusal(resources);
      if (!refusal) return false;
      throw new Problem('no-such-resources', `${prepared.instance.label} cannot run here: ${refusal}.`, {
        hint: 'Ask for less in `resources`, or run it on another machine.',
      });
    } catch (error) {
      this.#pending.remove(pending);
      this.#soon(() => this.#giveUp(prepared, failureOf(error), { attempt, seconds: 0 }));
      return false;
    }
  }

  /** Takes the fingerprint for this run. False when another run has it, or has finished it meanwhile. */
  async #claim(pending: Pending): Promise<boolean> {
    const { prepared } = pending;
    const { fingerprint, instance } = prepared;
    if (this.#claims.has(fingerprint)) return true;
    if (!this.#claims.take(fingerprint)) {
      if (pending.awaitedFrom !== undefined) return false;
      pending.awaitedFrom = this.#claims.ownerOf(fingerprint);
      const { address, label } = instance;
      this.#emit({ type: 'node-awaited', address, label, fingerprint, owner: pending.awaitedFrom });
      return false;
    }
    const record =
      pending.forced && pending.awaitedFrom === undefined
        ? undefined
        : await this.#session.store.records.get(fingerprint);
    if (!record || !isWhole(this.#session.store, record)) return true;
    this.#claims.release(fingerprint);
    this.#pending.remove(pending);
    this.#hit(prepared, record, 'other-run');
    this.#soon(() => {});
    return false;
  }

  async #start({ prepared, reason, attempt, tries }: Pending): Promise<void> {
    this.#tries.set(prepared.instance.address, tries);
    try {
      const { resources, avoid } = tries;
      const urls = this.#services.lend(prepared);
      await this.#attempts.start(prepared, { attempt, reason, resources, avoid, urls });
    } catch (error) {
      if (this.#isLoss(error)) {
        this.#claims.release(prepared.fingerprint);
        return;
      }
      this.#attemptEnded(prepared, { failure: failureOf(error), attempt, seconds: 0 });
    }
  }

  /** What the store has lost is made again: everything is looked up anew. */
  #isLoss(error: unknown): boolean {
    if (!Problem.is(error) || (error.code !== 'damaged-blob' && error.code !== 'tree-missing')) return false;
    this.#warn(`${error.message} ${error.hint ?? ''}`.trim());
    this.#losses.set(error.message, (this.#losses.get(error.message) ?? 0) + 1);
    this.#startOver = true;
    return true;
  }

  #released(prepared: Prepared, output: string, item: Item): void {
    this.#soon(() => {
      this.#dataflow.release(prepared.instance.address, output, item);
      for (const follower of this.#shared.get(prepared.fingerprint)?.followers ?? []) {
        this.#dataflow.release(follower.instance.address, output, item);
      }
    });
  }

  /** What an attempt failed of may take a moment to find out, when it used services. */
  #attemptEnded(prepared: Prepared, end: AttemptEnd): void {
    this.#deciding += 1;
    void this.#services.giveBack(prepared, end, { isStopping: this.#stopping !== undefined }).then((judged) => {
      this.#soon(() => {
        this.#deciding -= 1;
        return this.#ended(prepared, judged);
      });
    });
  }

  async #ended(prepared: Prepared, end: AttemptEnd): Promise<void> {
    const { address, label } = prepared.instance;
    const { attempt, seconds, log, cost } = end;
    const at = { attempt, seconds, ...(log ? { log } : {}), ...(cost ? { cost } : {}) };
    const failure = end.failure ?? (await this.#changedMeanwhile(prepared, end));
    if (!failure && end.outputs) {
      await this.#keep(prepared, end.outputs, end);
      this.#attempts.forget(prepared);
      this.#claims.release(prepared.fingerprint);
      return;
    }
    const why = failure ?? {
      code: 'bug',
      message: 'It gave nothing: this is a mistake in the framework, please report it.',
    };
    this.#attempts.forget(prepared);
    if (this.#unwanted.has(address)) {
      this.#giveUp(prepared, unwanted, at);
      return;
    }
    if (why.code === 'cancelled') {
      this.#emit({ type: 'node-failed', address, label, failure: why, willRetry: true, ...at });
      this.#claims.release(prepared.fingerprint);
      return;
    }
    const tries = this.#stopping ? undefined : this.#nextTry(prepared, end);
    if (!tries) {
      this.#giveUp(prepared, why, at);
      return;
    }
    this.#emit({ type: 'node-failed', address, label, failure: why, willRetry: true, ...at });
    const reason = `attempt ${attempt} failed: ${why.message}`;
    this.#pending.add({ prepared, reason, attempt: attempt + 1, tries });
  }

  #nextTry(prepared: Prepared, end: AttemptEnd): Tries | undefined {
    const { address, of } = prepared.instance;
    const retries = of.node.type === 'call' ? (of.node.options.retries ?? 0) : 0;
    const before = this.#tries.get(address) ?? noTries;
    // What could not even be started has no resources to speak of.
    const resources = end.cause === undefined ? {} : resourcesOf(prepared);
    return nextTry(before, end, { retries, spec: prepared.spec, resources });
  }

  /** The node has failed, and so have those that share its fingerprint. */
  #giveUp(prepared: Prepared, failure: Failure, at: FailedAttempt): void {
    const { address, label } = prepared.instance;
    this.#claims.release(prepared.fingerprint);
    this.#fail(address, label, failure, at);
    this.#skipFollowers(prepared, address);
  }

  /** A service that it needs has failed. */
  #skip(prepared: Prepared, because: string): void {
    const { address, label } = prepared.instance;
    this.#claims.release(prepared.fingerprint);
    this.#emit({ type: 'node-skipped', address, label, because });
    this.#dataflow.fail(address);
    this.#skipFollowers(prepared, because);
  }

  #skipFollowers(prepared: Prepared, because: string): void {
    const followers = this.#shared.get(prepared.fingerprint)?.followers ?? [];
    this.#shared.delete(prepared.fingerprint);
    for (const { instance } of followers) {
      this.#emit({ type: 'node-skipped', address: instance.address, label: instance.label, because });
      this.#dataflow.fail(instance.address);
    }
  }

  async #changedMeanwhile(prepared: Prepared, { frozen = false }: AttemptEnd): Promise<Failure | undefined> {
    const { spec } = prepared;
    const outside = spec.code.length > 0 || spec.observe ? await this.#recipes.changedSince(prepared, { frozen }) : [];
    const changed = [...outside, ...this.#attempts.changedInputs(prepared)];
    if (changed.length === 0) return undefined;
    return {
      code: 'input-changed',
      message: `${changed.join(', ')} changed while it ran, so its result belongs to neither version and was not kept.`,
      hint: 'Run the pipeline again; leave these files alone meanwhile.',
    };
  }

  async #keep(prepared: Prepared, outputs: Readonly<Record<string, Output>>, end: AttemptEnd): Promise<void> {
    const { instance, fingerprint } = prepared;
    const before = await this.#history.before(prepared);
    const record = recordOf(prepared, outputs, end, this.#options.run.run);
    await this.#session.store.records.set(record);
    const changed = !before || JSON.stringify(before.outputs) !== JSON.stringify(record.outputs);
    const { seconds, cost } = end;
    const { address } = instance;
    this.#emit({ type: 'node-finished', address, fingerprint, seconds, changed, ...(cost ? { cost } : {}) });
    this.#attempts.clean(prepared);
    this.#finish(prepared, outputs);
  }

  #finish(prepared: Prepared, outputs: Readonly<Record<string, Output>>): void {
    // What was made from the items of an attempt that failed later is not what follows from this result.
    if (this.#dataflow.hasReleasedOthers(prepared.instance.address, outputs)) this.#startOver = true;
    this.#dataflow.finish(prepared.instance.address, outputs);
    const followers = this.#shared.get(prepared.fingerprint)?.followers ?? [];
    this.#shared.delete(prepared.fingerprint);
    for (const { instance, fingerprint } of followers) {
      this.#emit({
        type: 'node-cached',
        address: instance.address,
        label: instance.label,
        fingerprint,
        from: 'same-run',
      });
      this.#dataflow.finish(instance.address, outputs);
    }
  }

  #fail(address: string, label: string, failure: Failure, at: FailedAttempt): void {
    this.#emit({ type: 'node-failed', address, label, failure, willRetry: false, ...at });
    this.#dataflow.fail(address);
    if (this.#options.failFast) this.#stop('failed');
  }

  #emitSkipped(): void {
    for (const { address, label, message } of this.#dataflow.takeBroken()) {
      const failure = { code: 'filter-threw', message };
      this.#emit({ type: 'node-failed', address, label, failure, willRetry: false, attempt: 1, seconds: 0 });
      if (this.#options.failFast) this.#stop('failed');
    }
    for (const { address, label, because = '' } of this.#dataflow.takeSkipped()) {
      this.#emit({ type: 'node-skipped', address, label, because });
    }
  }

  /** Jobs that can do without a driver end only when the run is to end, and not only its driver. */
  #stop(why: 'cancelled' | 'failed' | 'left', { lasting = why === 'failed' } = {}): void {
    if (lasting) this.#stopping = why;
    else this.#stopping ??= why;
    this.#attempts.cancelAll({ now: this.#options.kill.aborted, lasting });
  }

  /** A blob went bad after its record was taken for a hit, or a released item is another now: everything is looked up again. */
  #restart(): void {
    if (Math.max(...this.#losses.values()) > mostLosses) {
      throw new Problem('store-unreliable', 'The store goes on losing what it was given.', {
        hint: 'Check its disk, then: pipeline cache verify',
      });
    }
    this.#startOver = false;
    this.#pending.clear();
    this.#shared = new Map();
    this.#claims.releaseAll();
    this.#dataflow = new Dataflow(this.#session.graph, this.#only);
    this.#soon(() => {});
  }

  #warn(message: string): void {
    this.#emit({ type: 'warning', message });
  }

  #emit(fact: Fact): void {
    const event = { time: new Date().toISOString(), ...fact } as Event;
    try {
      this.#options.run.append(event);
    } catch (cause) {
      throw fileProblem(cause, this.#options.run.folder); // what cannot be told must not happen
    }
    this.#state = apply(this.#state, event);
    this.#emitted(event);
  }
}

function partition<T>(values: readonly T[], test: (value: T) => boolean): [T[], T[]] {
  return [values.filter(test), values.filter((value) => !test(value))];
}
