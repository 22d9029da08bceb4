import type { AttemptEnd } from '../attempt/finish-attempt.ts';
import { CancelRequests } from '../log/cancels.ts';
import type { CoordinateOptions } from './coordinate-options.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import { RuntimeState, type Shared } from './runtime-state.ts';
import type { Event } from '../log/events.ts';
import type { Instance } from '../dataflow/instances.ts';
import { failureOf } from '../attempt/judge.ts';
import { isWhole } from '../values/cache-hit.ts';
import { Launcher } from './launcher.ts';
import { findNode } from '../project/names.ts';
import { Outcomes, unwanted } from './outcomes.ts';
import type { Item } from '../values/output.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { specOf } from '../keys/recipes.ts';
import { resultsOf, runFinished, runStarted } from './run-facts.ts';
import type { Session } from '../project/session.ts';
import { Problem } from '../../cache/problem.ts';

/** How often a node that another run works on is looked at, in milliseconds. */
const awaitPollMs = 200;
/** How often it is looked whether somebody wants the run, or a node of it, to end; in milliseconds. */
const cancelPollMs = 1000;
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

class Coordinator {
  readonly #desk: RuntimeState;
  readonly #outcomes: Outcomes;
  readonly #launcher: Launcher;
  readonly #cancels: CancelRequests;
  readonly #forced: ReadonlySet<string>;
  #deciding = 0;
  /** Jobs that run on without this driver. */
  #left = 0;
  #isSettled = false;

  constructor(session: Session, options: CoordinateOptions, emitted: (event: Event) => void) {
    this.#desk = new RuntimeState(session, options, {
      emitted,
      released: (call, output, item) => this.#released(call, output, item),
      ended: (call, end) => this.#attemptEnded(call, end),
    });
    this.#outcomes = new Outcomes(this.#desk);
    this.#launcher = new Launcher(this.#desk, this.#outcomes);
    this.#cancels = new CancelRequests(options.run.folder);
    this.#forced = new Set((options.force ?? []).map((name) => findNode(session.graph, name)));
  }

  async drive(): Promise<void> {
    const startedAt = performance.now();
    const { run, resumed } = this.#desk.options;
    this.#desk.emit(runStarted(this.#desk.session, { run: run.run, resumed, only: this.#desk.only }));
    this.#desk.options.onQueueStatus?.((address) => this.#desk.attempts.queueStatus(address));
    const stop = (): void =>
      this.#desk.soon(() => this.#desk.stop(this.#desk.attempts.lasting > 0 ? 'left' : 'cancelled'));
    const kill = (): void => {
      this.#desk.attempts.cancelAll({ now: true });
      this.#desk.services.stopAll({ now: true });
    };
    this.#desk.options.signal.addEventListener('abort', stop);
    this.#desk.options.kill.addEventListener('abort', kill);
    if (this.#desk.options.signal.aborted) stop();
    const poll = setInterval(() => this.#desk.queue.awaitsOthers && this.#desk.soon(() => {}), awaitPollMs);
    const cancels = setInterval(() => this.#takeCancels(), cancelPollMs);
    try {
      await this.#loop();
    } finally {
      clearInterval(poll);
      clearInterval(cancels);
      this.#desk.options.signal.removeEventListener('abort', stop);
      this.#desk.options.kill.removeEventListener('abort', kill);
      this.#left = this.#desk.attempts.lasting;
      await this.#desk.attempts.close(); // before the locks: nobody may start what a job of ours still works on
      this.#desk.leases.releaseAll();
    }
    if (this.#desk.stopping === 'left' && this.#left > 0) {
      this.#desk.emit({ type: 'driver-left', run: run.run, jobs: this.#left });
      return;
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const results = resultsOf(this.#desk.session.graph.wanted, this.#desk.dataflow);
    const isCancelled = this.#desk.stopping === 'cancelled' || this.#desk.stopping === 'left';
    this.#desk.emit(runFinished(this.#desk.state, results, { run: run.run, seconds, isCancelled }));
  }

  async #loop(): Promise<void> {
    for (;;) {
      const changes = this.#desk.takeChanges();
      if (changes.length > 0) this.#isSettled = false;
      for (const change of changes) await change();
      if (!this.#desk.stopping && !this.#desk.startOver) {
        await this.#decideAll();
        await this.#launcher.launch();
      }
      this.#emitSkipped();
      const { attempts, services, stopping, startOver, options, queue } = this.#desk;
      services.stopUnwanted((address) => this.#desk.dataflow.isWanted(address));
      if (this.#desk.hasChanges) continue;
      const here = attempts.running - attempts.lasting + this.#deciding + services.starting;
      const isOver = startOver || stopping !== undefined || queue.length === 0;
      const jobs = attempts.running - (stopping === 'left' ? attempts.lasting : 0);
      if (isOver && jobs + this.#deciding === 0) services.stopAll({ now: options.kill.aborted });
      if (services.running === 0) {
        if (here === 0 && stopping === 'left') return;
        if (attempts.running === 0 && this.#deciding === 0) {
          if (startOver) this.#restart();
          else if (isOver) return;
        }
      }
      if (here === 0 && attempts.running === 0 && !isOver) await this.#makeRoom();
      if (here === 0 && this.#desk.options.once && !this.#desk.startOver && !this.#desk.stopping) {
        await this.#settleOrLeave();
        continue;
      }
      await this.#desk.nextChange();
    }
  }

  /** One look at the queue after all that could be done was done: if it brings nothing new, the rest is for the next driver. */
  async #settleOrLeave(): Promise<void> {
    if (this.#isSettled) {
      this.#desk.stop('left');
      return;
    }
    this.#isSettled = true;
    await this.#desk.attempts.settle();
  }

  async #makeRoom(): Promise<void> {
    const next = (await this.#desk.queue.inOrder()).find(({ awaitedFrom }) => awaitedFrom === undefined);
    if (next) this.#desk.services.makeRoomFor(next.call);
  }

  #takeCancels(): void {
    for (const address of this.#cancels.take()) {
      this.#desk.soon(() =>
        address === null ? this.#desk.stop('cancelled', { lasting: true }) : this.#cancelNode(address),
      );
    }
  }

  #cancelNode(address: string): void {
    this.#desk.unwanted.add(address);
    if (this.#desk.attempts.cancel(address) || this.#desk.services.giveUp(address, unwanted)) return;
    const queued = this.#desk.queue.at(address);
    if (!queued) return; // it gives up when its turn comes
    this.#desk.queue.remove(queued);
    this.#outcomes.giveUp(queued.call, unwanted, { attempt: queued.attempt, seconds: 0 });
  }

  async #decideAll(): Promise<void> {
    for (let ready = this.#desk.dataflow.takeReady(); ready.length > 0; ready = this.#desk.dataflow.takeReady()) {
      await this.#decide(ready);
    }
  }

  /** Looks up what is ready. What has to look at the world outside first does so on the side. */
  async #decide(instances: readonly Instance[]): Promise<void> {
    const [slow, quick] = partition(instances, (instance) => specOf(instance).observe !== undefined);
    for (const instance of slow) {
      this.#deciding += 1;
      void this.#key(instance).then((call) => {
        this.#desk.soon(async () => {
          this.#deciding -= 1;
          await this.#take(call ? [call] : []);
        });
      });
    }
    const call: KeyedCall[] = [];
    for (const instance of quick) {
      const one = await this.#key(instance);
      if (one) call.push(one);
    }
    await this.#take(call);
  }

  /** Services have given their endpoints as soon as it is known what they serve. */
  async #take(call: readonly KeyedCall[]): Promise<void> {
    const [services, calls] = partition(call, ({ instance }) => instance.of.node.type === 'service');
    for (const one of services) this.#desk.dataflow.finish(one.instance.address, this.#desk.services.promise(one));
    await this.#lookUp(calls);
  }

  async #key(instance: Instance): Promise<KeyedCall | undefined> {
    try {
      return await this.#desk.recipes.key(instance);
    } catch (error) {
      this.#desk.soon(() =>
        this.#outcomes.fail(instance.address, instance.label, failureOf(error), { attempt: 1, seconds: 0 }),
      );
      return undefined;
    }
  }

  async #lookUp(call: readonly KeyedCall[]): Promise<void> {
    if (call.length === 0) return;
    const records = await this.#desk.session.store.records.getMany(call.map(({ fingerprint }) => fingerprint));
    for (const [i, one] of call.entries()) {
      const record = records[i];
      const { address, of } = one.instance;
      const before = this.#desk.state.nodes.get(address); // of this run, before it started over
      const forced = before?.phase !== 'done' && this.#forced.has(of.address);
      const sharing = this.#desk.shared.get(one.fingerprint);
      if (before?.phase === 'failed' && before.fingerprint === one.fingerprint) this.#desk.dataflow.fail(address);
      else if (sharing) this.#follow(sharing, one);
      else if (record && !forced && isWhole(this.#desk.session.store, record)) this.#outcomes.hit(one, record, 'store');
      else await this.#mustRun(one, forced, record !== undefined && !forced);
    }
  }

  #follow(sharing: Shared, call: KeyedCall): void {
    sharing.followers.push(call);
    for (const [output, items] of this.#desk.attempts.releasedBy(sharing.owner)) {
      for (const item of items) this.#desk.dataflow.release(call.instance.address, output, item);
    }
  }

  async #mustRun(call: KeyedCall, forced: boolean, damaged: boolean): Promise<void> {
    this.#desk.shared.set(call.fingerprint, { owner: call.instance.address, followers: [] });
    const why = forced ? 'it was asked for with --force' : damaged ? 'its stored result is damaged' : undefined;
    if (this.#desk.unwanted.has(call.instance.address)) {
      this.#outcomes.giveUp(call, unwanted, { attempt: 1, seconds: 0 });
      return;
    }
    const reason = why ?? (await this.#desk.history.reason(call));
    const left = this.#desk.triesLeft.get(call.instance.address);
    const next = left?.fingerprint === call.fingerprint ? { tries: left.tries, attempt: left.attempt + 1 } : {};
    this.#desk.queue.add({ call, reason, forced, ...next });
  }

  /** What an attempt failed of may take a moment to find out, when it used services. */
  #attemptEnded(call: KeyedCall, end: AttemptEnd): void {
    this.#deciding += 1;
    const isStopping = this.#desk.stopping !== undefined;
    void this.#desk.services.giveBack(call, end, { isStopping }).then((judged) => {
      this.#desk.soon(() => {
        this.#deciding -= 1;
        return this.#outcomes.ended(call, judged);
      });
    });
  }

  #released(call: KeyedCall, output: string, item: Item): void {
    this.#desk.soon(() => {
      this.#desk.dataflow.release(call.instance.address, output, item);
      for (const follower of this.#desk.shared.get(call.fingerprint)?.followers ?? []) {
        this.#desk.dataflow.release(follower.instance.address, output, item);
      }
    });
  }

  #emitSkipped(): void {
    for (const { address, label, message } of this.#desk.dataflow.takeBroken()) {
      const failure = { code: 'filter-threw', message };
      this.#desk.emit({ type: 'node-failed', address, label, failure, willRetry: false, attempt: 1, seconds: 0 });
      if (this.#desk.options.failFast) this.#desk.stop('failed');
    }
    for (const { address, label, because = '' } of this.#desk.dataflow.takeSkipped()) {
      this.#desk.emit({ type: 'node-skipped', address, label, because });
    }
  }

  /** A blob went bad after its record was taken for a hit, or a released item is another now: everything is looked up again. */
  #restart(): void {
    if (Math.max(...this.#desk.losses.values()) > mostLosses) {
      throw new Problem('store-unreliable', 'The store goes on losing what it was given.', {
        hint: 'Check its disk, then: pipeline cache verify',
      });
    }
    this.#desk.startOver = false;
    this.#desk.queue.clear();
    this.#desk.shared = new Map();
    this.#desk.leases.releaseAll();
    this.#desk.dataflow = new Dataflow(this.#desk.session.graph, this.#desk.only);
    this.#desk.soon(() => {});
  }
}

function partition<T>(values: readonly T[], test: (value: T) => boolean): [T[], T[]] {
  return [values.filter(test), values.filter((value) => !test(value))];
}
