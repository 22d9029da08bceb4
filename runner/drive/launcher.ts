import { Problem } from '../../cache/problem.ts';
import type { RuntimeState } from './runtime-state.ts';
import { failureOf } from '../attempt/judge.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { Outcomes } from './outcomes.ts';
import type { QueuedNode } from './queued-nodes.ts';
import { type KeyedCall, resourcesOf, toPlace } from '../keys/recipes.ts';
import { broughtAlong } from '../executors/with-services.ts';
import { servicesIn } from '../values/leaves.ts';

/** Starts what has to run, one owner for each fingerprint. */
export class Launcher {
  readonly #desk: RuntimeState;
  readonly #outcomes: Outcomes;

  constructor(desk: RuntimeState, outcomes: Outcomes) {
    this.#desk = desk;
    this.#outcomes = outcomes;
  }

  /** Starts what there is room for. A job that does not fit lets smaller ones go first. */
  async launch(): Promise<void> {
    if (this.#desk.queue.length === 0) return;
    for (const queued of await this.#desk.queue.inOrder()) {
      if (this.#desk.stopping || this.#desk.startOver) return;
      if (!(await this.#hasServices(queued))) continue;
      if (!(await this.#hasRoom(queued))) continue;
      if (!(await this.#lease(queued))) continue;
      this.#desk.queue.remove(queued);
      await this.#start(queued);
    }
  }

  /** Services are started for a node that is sure to run, and before it asks for room of its own. */
  async #hasServices(queued: QueuedNode): Promise<boolean> {
    const { call, tries, attempt } = queued;
    if (servicesIn(call.inputs).length === 0) return true;
    const { services, executors } = this.#desk;
    try {
      if (executors.nameFor(toPlace(call)) !== executors.serviceHost) return true; // its job brings them along
      const look = await services.look(call, tries.resources ?? resourcesOf(call));
      if (look === 'startable' && (await this.#lease(queued))) await services.startFor(call);
      if (typeof look === 'string') return look === 'up';
      this.#desk.queue.remove(queued);
      this.#desk.soon(() => this.#outcomes.skip(call, look.failed));
    } catch (error) {
      this.#desk.queue.remove(queued);
      this.#desk.soon(() => this.#outcomes.giveUp(call, failureOf(error), { attempt, seconds: 0 }));
    }
    return false;
  }

  async #hasRoom(queued: QueuedNode): Promise<boolean> {
    const { call, attempt, tries } = queued;
    try {
      if (this.#desk.attempts.isSubmitted(call)) return true;
      const name = this.#desk.executors.nameFor(toPlace(call));
      const executor = this.#desk.executors.ready(name) ?? (await this.#desk.executors.named(name));
      const resources = broughtAlong(
        tries.resources ?? resourcesOf(call),
        this.#broughtBy(call, name).map(resourcesOf),
      );
      if (executor.hasRoom(resources)) return true;
      const refusal = executor.refusal(resources);
      if (!refusal) return false;
      throw new Problem('no-such-resources', `${call.instance.label} cannot run here: ${refusal}.`, {
        hint: 'Ask for less in `resources`, or run it on another machine.',
      });
    } catch (error) {
      this.#desk.queue.remove(queued);
      this.#desk.soon(() => this.#outcomes.giveUp(call, failureOf(error), { attempt, seconds: 0 }));
      return false;
    }
  }

  /** Takes the fingerprint for this run. False when another run has it, or has finished it meanwhile. */
  async #lease(queued: QueuedNode): Promise<boolean> {
    const { call } = queued;
    const { fingerprint, instance } = call;
    if (this.#desk.leases.has(fingerprint)) return true;
    if (!this.#desk.leases.take(fingerprint)) {
      if (queued.awaitedFrom !== undefined) return false;
      queued.awaitedFrom = this.#desk.leases.ownerOf(fingerprint);
      const { address, label } = instance;
      this.#desk.emit({ type: 'node-awaited', address, label, fingerprint, owner: queued.awaitedFrom });
      return false;
    }
    const record =
      queued.forced && queued.awaitedFrom === undefined
        ? undefined
        : await this.#desk.session.store.records.get(fingerprint);
    if (!record || !isWhole(this.#desk.session.store, record)) return true;
    this.#desk.leases.release(fingerprint);
    this.#desk.queue.remove(queued);
    this.#outcomes.hit(call, record, 'other-run');
    this.#desk.soon(() => {});
    return false;
  }

  /** Services are up with one executor; a job of another has its own. */
  #broughtBy(call: KeyedCall, executor: string): readonly KeyedCall[] {
    return executor === this.#desk.executors.serviceHost ? [] : this.#desk.services.of(call);
  }

  async #start({ call, reason, attempt, tries }: QueuedNode): Promise<void> {
    const { address } = call.instance;
    this.#desk.tries.set(address, tries);
    try {
      const services = this.#broughtBy(call, this.#desk.executors.nameFor(toPlace(call)));
      const urls = services.length > 0 ? undefined : this.#desk.services.lend(call);
      const asked = { attempt, reason, tries, urls, services };
      this.#desk.tries.set(address, await this.#desk.attempts.start(call, asked));
    } catch (error) {
      if (this.#desk.isLoss(error)) {
        this.#desk.leases.release(call.fingerprint);
        return;
      }
      this.#desk.attemptEnded(call, { failure: failureOf(error), attempt, seconds: 0 });
    }
  }
}
