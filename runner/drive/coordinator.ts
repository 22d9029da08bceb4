import { Attempts } from '../attempt/attempts.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import { failureOf } from '../attempt/failure-of.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { Executors } from '../executors/executors.ts';
import { fitRecord } from '../keys/fit-record.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { Recipes, specOf } from '../keys/recipes.ts';
import { CancelRequests } from '../log/cancels.ts';
import type { Event } from '../log/events.ts';
import { readEvents } from '../log/run-log.ts';
import { noTries } from '../log/tries.ts';
import { type TriesLeft, triesLeft } from '../log/tries-left.ts';
import { History } from '../plan/history.ts';
import { lookUp } from '../plan/look-up.ts';
import { ancestorsOf, findNode } from '../project/names.ts';
import type { Session } from '../project/session.ts';
import { Services } from '../services/services.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { Item } from '../values/output.ts';
import { ChangeQueue, type DriverChange, type StopReason } from './change-queue.ts';
import type { CoordinateOptions } from './coordinate-options.ts';
import type { FormerJobs } from './former-jobs.ts';
import { Freshness } from './freshness.ts';
import { Journal } from './journal.ts';
import { type Launch, Launcher } from './launcher.ts';
import { Leases } from './leases.ts';
import { Losses } from './losses.ts';
import { Outcomes, unwanted } from './outcomes.ts';
import { Pass } from './pass.ts';
import { resultsOf, runFinished, runStarted } from './run-facts.ts';

/** How often a node that another run works on is looked at, in milliseconds. */
const awaitPollMs = 200;
/** How often it is looked whether somebody wants the run, or a node of it, to end; in milliseconds. */
const cancelPollMs = 1000;
/** How often it is looked whether another run took something over, because this driver stood still; in milliseconds. */
const lossPollMs = 5000;
/** So long jobs that are killed may take to end, before nobody waits for them any more; in milliseconds. */
const killedWithinMs = 5_000;

/**
 * Drives a run to its end and yields every fact after it was written to the log, what was made once that outlasts a loss of
 * power; the last is `run-finished`.
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
    const told = written.splice(0);
    await options.run.settle();
    yield* told;
  }
  await end;
}

/**
 * The loop of a run: what happened comes by one queue and is applied in order; then everything that is ready is looked up, and
 * what has to run is started. The state of the loop is changed in this file alone.
 */
class Coordinator {
  readonly #session: Session;
  readonly #options: CoordinateOptions;
  readonly #changes = new ChangeQueue();
  readonly #journal: Journal;
  readonly #losses: Losses;
  readonly #leases: Leases;
  #formerJobs: FormerJobs | undefined;
  readonly #recipes: Recipes;
  readonly #freshness: Freshness;
  readonly #history: History;
  readonly #executors: Executors;
  readonly #services: Services;
  readonly #attempts: Attempts;
  readonly #cancels: CancelRequests;
  /** Graph addresses that the run is limited to. */
  readonly #only: ReadonlySet<string> | undefined;
  readonly #forced: ReadonlySet<string>;
  /** What an earlier driver of this run meant to do next, by address. */
  readonly #triesLeft: ReadonlyMap<string, TriesLeft>;
  /** Nodes that somebody wants to end. */
  readonly #unwanted = new Set<string>();
  #pass!: Pass;
  #outcomes!: Outcomes;
  #launcher!: Launcher;
  /** Recipes and judgements that are being worked on beside the loop. */
  #deciding = 0;
  /** No more is started. */
  #stopping: StopReason | undefined;
  /** Jobs that run on without this driver. */
  #left = 0;
  #isSettled = false;

  constructor(session: Session, options: CoordinateOptions, told: (event: Event) => void) {
    const { graph, store } = session;
    const { run, failFast } = options;
    this.#session = session;
    this.#options = options;
    this.#journal = new Journal(run, (event) => {
      told(event);
      const isFinal = event.type === 'node-failed' && !event.willRetry;
      if (isFinal && failFast) this.#changes.push({ type: 'stop', why: 'failed', lasting: true });
    });
    this.#losses = new Losses((message) => this.#journal.warn(message));
    this.#leases = new Leases(store.root, run.run);
    this.#recipes = new Recipes(session);
    this.#freshness = new Freshness({
      recipes: this.#recipes,
      looking: () => (this.#deciding += 1),
      looked: () => this.#changes.push({ type: 'looked-outside' }),
    });
    this.#history = new History(store, session.pipelineName, run.run);
    this.#triesLeft = options.resumed ? triesLeft(readEvents(run.folder)) : new Map();
    this.#only = options.until === undefined ? undefined : ancestorsOf(graph, findNode(graph, options.until));
    this.#forced = new Set((options.force ?? []).map((name) => findNode(graph, name)));
    this.#cancels = new CancelRequests(run.folder);
    const { executors } = options;
    const shared = { store, code: session.code, run, emit: this.#journal.emit.bind(this.#journal) };
    this.#services = new Services({
      ...shared,
      executors,
      cancel: (address) => this.#attempts.cancel(address),
      changed: () => this.#changes.push({ type: 'look-again' }),
      isLoss: (error) => this.#losses.isLoss(error),
    });
    this.#executors = this.#services.watched(executors);
    this.#attempts = new Attempts({
      ...shared,
      executors: this.#executors,
      diagnostics: options.diagnostics,
      report: (change) => this.#changes.push(change),
      isOurs: (fingerprint) => this.#leases.holds(fingerprint),
    });
    this.#beginPass();
  }

  async drive(): Promise<void> {
    const startedAt = performance.now();
    const { run, resumed, signal, kill, onQueueStatus } = this.#options;
    this.#journal.emit(runStarted(this.#session, { run: run.run, resumed, only: this.#only }));
    onQueueStatus?.((address) => this.#attempts.queueStatus(address));
    const onAbort = (): void => this.#changes.push({ type: 'interrupted' });
    const unanswered = new AbortController();
    let patience: NodeJS.Timeout | undefined;
    const onKill = (): void => {
      patience ??= setTimeout(() => unanswered.abort(), killedWithinMs);
      this.#attempts.cancelAll({ now: true });
      this.#services.stopAll({ now: true });
    };
    signal.addEventListener('abort', onAbort);
    kill.addEventListener('abort', onKill);
    if (signal.aborted) onAbort();
    const poll = setInterval(() => {
      if (this.#pass.queue.awaitsOthers) this.#changes.push({ type: 'look-again' });
    }, awaitPollMs);
    const cancels = setInterval(() => this.#takeCancels(), cancelPollMs);
    const losses = setInterval(() => this.#takeLost(), lossPollMs);
    try {
      await Promise.race([this.#loop(), aborted(unanswered.signal)]);
    } finally {
      clearInterval(poll);
      clearInterval(cancels);
      clearInterval(losses);
      signal.removeEventListener('abort', onAbort);
      kill.removeEventListener('abort', onKill);
      this.#left = this.#attempts.lasting;
      // Before the locks: nobody may start what a job of ours still works on.
      await Promise.race([this.#attempts.close(), aborted(unanswered.signal)]);
      clearTimeout(patience);
      if (unanswered.signal.aborted) this.#journal.warn('Jobs did not end although they were killed, and may run on.');
      this.#leases.releaseAll();
    }
    if (this.#stopping === 'left' && this.#left > 0) {
      this.#journal.emit({ type: 'driver-left', run: run.run, jobs: this.#left });
      return;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const results = resultsOf(this.#session.graph.wanted, this.#pass.dataflow);
    const isCancelled = this.#stopping === 'cancelled' || this.#stopping === 'left' || unanswered.signal.aborted;
    this.#journal.emit(runFinished(this.#journal.state, results, { run: run.run, seconds, isCancelled }));
  }

  get #isHalted(): boolean {
    return this.#stopping !== undefined || this.#losses.callsForNewPass;
  }

  async #loop(): Promise<void> {
    for (;;) {
      await this.#takeChanges();
      if (!this.#isHalted) {
        await this.#decideAll();
        await this.#launch();
      }
      this.#emitSkipped();
      this.#services.stopUnwanted((address) => this.#pass.dataflow.isWanted(address));
      if (!this.#changes.isEmpty) continue;
      if (await this.#isOverOrWait()) return;
    }
  }

  /** All that could be done was done: the run is over, or a new pass begins, or there is something to wait for. */
  async #isOverOrWait(): Promise<boolean> {
    const { running, lasting } = this.#attempts;
    const isLeaving = this.#stopping === 'left';
    const here = running - lasting + this.#deciding + this.#services.starting;
    const isDone = this.#isHalted || this.#pass.queue.length === 0;
    const awaitedJobs = running - (isLeaving ? lasting : 0);
    if (isDone && awaitedJobs + this.#deciding === 0) this.#services.stopAll({ now: this.#options.kill.aborted });
    if (this.#services.running === 0) {
      if (here === 0 && isLeaving) return true;
      if (running === 0 && this.#deciding === 0) {
        if (this.#losses.callsForNewPass) {
          this.#beginPass();
          return false;
        }
        if (isDone) return true;
      }
    }
    if (here === 0 && running === 0 && !isDone) await this.#makeRoom();
    if (here === 0 && this.#options.once && !this.#isHalted) await this.#settleOrLeave();
    else await this.#changes.filled();
    return false;
  }

  /** One look at the queue after all that could be done was done: if it brings nothing new, the rest is for the next driver. */
  async #settleOrLeave(): Promise<void> {
    if (this.#isSettled) {
      this.#stop('left', { lasting: false });
      return;
    }
    this.#isSettled = true;
    await this.#attempts.settle();
  }

  async #makeRoom(): Promise<void> {
    const { queue } = this.#pass;
    const next = (await queue.inOrder()).find((node) => !queue.isAwaited(node));
    if (next) this.#services.makeRoomFor(next.call);
  }

  /** A blob went bad after its record was taken for a hit, or a released item is another now: everything is looked up again. */
  #beginPass(): void {
    const { store, graph } = this.#session;
    this.#losses.newPass();
    this.#leases.releaseAll();
    const pass = new Pass(graph, this.#only, (address) => this.#history.secondsOf(address));
    const [leases, attempts, losses] = [this.#leases, this.#attempts, this.#losses];
    this.#pass = pass;
    this.#outcomes = new Outcomes({
      run: this.#options.run.run,
      pass,
      journal: this.#journal,
      leases,
      losses,
      recipes: this.#recipes,
      history: this.#history,
      store,
      attempts,
      isUnwanted: (address) => this.#unwanted.has(address),
      isStopping: () => this.#stopping !== undefined,
    });
    this.#launcher = new Launcher({
      queue: pass.queue,
      leases,
      records: store.records,
      executors: this.#executors,
      services: this.#services,
      fitted: async (call, record) => {
        const fitted = isWhole(store, record) ? await fitRecord(store, call, record) : undefined;
        return typeof fitted === 'object' ? fitted : undefined;
      },
      isOutdated: (call) => this.#freshness.isOutdated(call),
      formerJob: async ({ fingerprint }) => {
        const { FormerJobs } = await import('./former-jobs.ts');
        this.#formerJobs ??= new FormerJobs(store.root);
        return this.#formerJobs.atWork(fingerprint);
      },
      attempts,
    });
  }

  async #takeChanges(): Promise<void> {
    for (let changes = this.#changes.take(); changes.length > 0; changes = this.#changes.take()) {
      this.#isSettled = false;
      await this.#outcomes.keep(changes.flatMap((change) => (change.type === 'attempt-judged' ? [change] : [])));
      for (const change of changes) await this.#take(change);
    }
  }

  async #take(change: DriverChange): Promise<void> {
    switch (change.type) {
      case 'item-released':
        return this.#release(change.call, change.output, change.item);
      case 'attempt-ended':
        return this.#judge(change.call, change.end);
      case 'attempt-judged':
        this.#deciding -= 1;
        return this.#outcomes.ended(change.call, change.end);
      case 'keyed':
        this.#deciding -= 1;
        return this.#decide([change.call]);
      case 'outdated':
        return this.#keyAll(change.calls.map(({ instance }) => instance));
      case 'looked-outside':
        this.#deciding -= 1;
        return;
      case 'not-keyed':
        this.#deciding -= 1;
        return this.#failUnkeyed(change.instance, change.error);
      case 'untold':
        throw change.error;
      case 'cancel-node':
        return this.#cancelNode(change.address);
      case 'interrupted':
        return this.#stop(this.#attempts.lasting > 0 ? 'left' : 'cancelled', { lasting: false });
      case 'stop':
        return this.#stop(change.why, { lasting: change.lasting });
      case 'look-again':
    }
  }

  /** Jobs that can do without a driver end only when the run is to end, and not only its driver. */
  #stop(why: StopReason, { lasting }: { lasting: boolean }): void {
    if (lasting) this.#stopping = why;
    else this.#stopping ??= why;
    this.#attempts.cancelAll({ now: this.#options.kill.aborted, lasting });
  }

  #takeCancels(): void {
    for (const address of this.#cancels.take()) {
      if (address === null) this.#changes.push({ type: 'stop', why: 'cancelled', lasting: true });
      else this.#changes.push({ type: 'cancel-node', address });
    }
  }

  /** Of a driver that has just come back the jobs may be another's by now. */
  #takeLost(): void {
    for (const fingerprint of this.#leases.takeLost()) this.#attempts.letGo(fingerprint);
  }

  #cancelNode(address: string): void {
    this.#unwanted.add(address);
    if (this.#attempts.cancel(address) || this.#services.giveUp(address, unwanted)) return;
    const { queue } = this.#pass;
    const queued = queue.at(address);
    if (!queued) return; // it gives up when its turn comes
    queue.remove(queued);
    this.#outcomes.giveUp(queued.call, unwanted, { attempt: queued.attempt, seconds: 0 });
  }

  async #decideAll(): Promise<void> {
    const { dataflow } = this.#pass;
    for (let ready = dataflow.takeReady(); ready.length > 0; ready = dataflow.takeReady()) await this.#keyAll(ready);
  }

  async #keyAll(instances: readonly Instance[]): Promise<void> {
    const calls: KeyedCall[] = [];
    for (const instance of instances) {
      if (specOf(instance).observe) this.#keyBeside(instance);
      else {
        const call = await this.#key(instance);
        if (call) calls.push(call);
      }
    }
    await this.#decide(calls);
  }

  /** What has to look at the world outside first does so beside the loop. */
  #keyBeside(instance: Instance): void {
    this.#deciding += 1;
    this.#recipes.key(instance).then(
      (call) => this.#changes.push({ type: 'keyed', call }),
      (error: unknown) => this.#changes.push({ type: 'not-keyed', instance, error }),
    );
  }

  async #key(instance: Instance): Promise<KeyedCall | undefined> {
    try {
      return await this.#recipes.key(instance);
    } catch (error) {
      this.#failUnkeyed(instance, error);
      return undefined;
    }
  }

  #failUnkeyed({ address, label }: Instance, error: unknown): void {
    this.#outcomes.fail(address, label, failureOf(error), { attempt: 1, seconds: 0 });
  }

  /** Services have given their endpoints as soon as it is known what they serve; of calls it is looked up whether they run. */
  async #decide(keyed: readonly KeyedCall[]): Promise<void> {
    const { dataflow, shared } = this.#pass;
    const { nodes } = this.#journal.state;
    const calls: KeyedCall[] = [];
    for (const call of keyed) {
      const { address, of } = call.instance;
      const before = nodes.get(address); // of an earlier pass
      if (of.node.type === 'service') dataflow.finish(address, this.#services.promise(call));
      else if (before?.phase === 'failed' && before.fingerprint === call.fingerprint) dataflow.fail(address);
      else calls.push(call);
    }
    const verdicts = lookUp(calls, {
      store: this.#session.store,
      history: this.#history,
      isForced: ({ instance: { address, of } }) =>
        this.#forced.has(of.address) && this.#journal.state.nodes.get(address)?.phase !== 'done',
      ownerOf: (fingerprint) => shared.ownerOf(fingerprint),
    });
    for await (const [call, verdict] of verdicts) {
      if (verdict.is === 'hit') this.#outcomes.hit(call, verdict.record, 'store');
      else if (verdict.is === 'shared') this.#follow(call, verdict.owner);
      else this.#enqueue(call, verdict);
    }
  }

  #follow(call: KeyedCall, owner: string): void {
    const { dataflow, shared } = this.#pass;
    shared.follow(call);
    for (const [output, items] of this.#attempts.releasedBy(owner)) {
      for (const item of items) dataflow.release(call.instance.address, output, item);
    }
  }

  #enqueue(call: KeyedCall, { reason, isForced }: { reason: string; isForced: boolean }): void {
    const { address } = call.instance;
    this.#pass.shared.lead(call);
    if (this.#unwanted.has(address)) {
      this.#outcomes.giveUp(call, unwanted, { attempt: 1, seconds: 0 });
      return;
    }
    const left = this.#triesLeft.get(address);
    const isSame = left?.fingerprint === call.fingerprint;
    const [attempt, tries] = isSame ? [left.attempt + 1, left.tries] : [1, noTries];
    this.#pass.queue.add({ call, reason, isForced, attempt, tries });
  }

  async #launch(): Promise<void> {
    for await (const launch of this.#launcher.launch()) {
      this.#takeLaunch(launch);
      if (this.#isHalted) return;
    }
  }

  #takeLaunch(launch: Launch): void {
    const { call, attempt, tries } = launch.node;
    const { address, label } = call.instance;
    switch (launch.is) {
      case 'started':
        return;
      case 'awaited':
        return this.#journal.emit({
          type: 'node-awaited',
          address,
          label,
          fingerprint: call.fingerprint,
          owner: launch.owner,
        });
      case 'known':
        this.#outcomes.hit(call, launch.record, 'other-run');
        return this.#changes.push({ type: 'look-again' });
      case 'skipped':
        return this.#outcomes.skip(call, launch.because);
      case 'outdated':
        this.#leases.release(call.fingerprint);
        this.#recipes.forget(call.spec);
        return this.#changes.push({ type: 'outdated', calls: [call, ...this.#pass.shared.dissolve(call)] });
      case 'refused':
        return this.#outcomes.giveUp(call, failureOf(launch.error), { attempt, seconds: 0 });
      case 'not-started':
        // Jobs of a cluster run on without this driver, and nothing is lost by one that comes when there is room again.
        if (this.#runsOnWithoutUs && failureOf(launch.error).code === 'disk-full') throw launch.error;
        if (this.#losses.isLoss(launch.error)) this.#leases.release(call.fingerprint);
        else this.#judge(call, { failure: failureOf(launch.error), attempt, tries, seconds: 0 });
    }
  }

  get #runsOnWithoutUs(): boolean {
    const { running, lasting } = this.#attempts;
    return lasting > 0 && lasting === running;
  }

  /** What an attempt failed of may take a moment to find out, when it used services. */
  #judge(call: KeyedCall, end: AttemptEnd): void {
    this.#deciding += 1;
    const isStopping = this.#stopping !== undefined;
    void this.#services.giveBack(call, end, { isStopping }).then((judged) => {
      this.#changes.push({ type: 'attempt-judged', call, end: judged });
    });
  }

  #release(call: KeyedCall, output: string, item: Item): void {
    const { dataflow, shared } = this.#pass;
    for (const { instance } of [call, ...shared.followersOf(call)]) dataflow.release(instance.address, output, item);
  }

  #emitSkipped(): void {
    const { dataflow } = this.#pass;
    for (const { address, label, message } of dataflow.takeBroken()) {
      const failure = { code: 'filter-threw', message };
      this.#journal.emit({ type: 'node-failed', address, label, failure, willRetry: false, attempt: 1, seconds: 0 });
    }
    for (const { address, label, because = '' } of dataflow.takeSkipped()) {
      this.#journal.emit({ type: 'node-skipped', address, label, because });
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
