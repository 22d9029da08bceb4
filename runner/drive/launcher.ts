import { Problem } from '../../cache/problem.ts';
import type { Desk } from './runtime-state.ts';
import { failureOf } from '../attempt/judge.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { Outcomes } from './outcomes.ts';
import type { Pending } from './queued-nodes.ts';
import { type Prepared, resourcesOf, toPlace } from '../keys/recipes.ts';
import { broughtAlong } from '../executors/with-services.ts';
import { servicesIn } from '../values/values.ts';

/** Starts what has to run, one owner for each fingerprint. */
export class Launcher {
  readonly #desk: Desk;
  readonly #outcomes: Outcomes;

  constructor(desk: Desk, outcomes: Outcomes) {
    this.#desk = desk;
    this.#outcomes = outcomes;
  }

  /** Starts what there is room for. A job that does not fit lets smaller ones go first. */
  async launch(): Promise<void> {
    if (this.#desk.pending.length === 0) return;
    for (const pending of await this.#desk.pending.inOrder()) {
      if (this.#desk.stopping || this.#desk.startOver) return;
      if (!(await this.#hasServices(pending))) continue;
      if (!(await this.#hasRoom(pending))) continue;
      if (!(await this.#claim(pending))) continue;
      this.#desk.pending.remove(pending);
      await this.#start(pending);
    }
  }

  /** Services are started for a node that is sure to run, and before it asks for room of its own. */
  async #hasServices(pending: Pending): Promise<boolean> {
    const { prepared, tries, attempt } = pending;
    if (servicesIn(prepared.inputs).length === 0) return true;
    const { services, executors } = this.#desk;
    try {
      if (executors.nameFor(toPlace(prepared)) !== 'local') return true; // its job brings them along
      const look = await services.look(prepared, tries.resources ?? resourcesOf(prepared));
      if (look === 'startable' && (await this.#claim(pending))) await services.startFor(prepared);
      if (typeof look === 'string') return look === 'up';
      this.#desk.pending.remove(pending);
      this.#desk.soon(() => this.#outcomes.skip(prepared, look.failed));
    } catch (error) {
      this.#desk.pending.remove(pending);
      this.#desk.soon(() => this.#outcomes.giveUp(prepared, failureOf(error), { attempt, seconds: 0 }));
    }
    return false;
  }

  async #hasRoom(pending: Pending): Promise<boolean> {
    const { prepared, attempt, tries } = pending;
    try {
      if (this.#desk.attempts.isSubmitted(prepared)) return true;
      const name = this.#desk.executors.nameFor(toPlace(prepared));
      const executor = this.#desk.executors.ready(name) ?? (await this.#desk.executors.named(name));
      const resources = broughtAlong(
        tries.resources ?? resourcesOf(prepared),
        this.#broughtBy(prepared, name).map(resourcesOf),
      );
      if (executor.hasRoom(resources)) return true;
      const refusal = executor.refusal(resources);
      if (!refusal) return false;
      throw new Problem('no-such-resources', `${prepared.instance.label} cannot run here: ${refusal}.`, {
        hint: 'Ask for less in `resources`, or run it on another machine.',
      });
    } catch (error) {
      this.#desk.pending.remove(pending);
      this.#desk.soon(() => this.#outcomes.giveUp(prepared, failureOf(error), { attempt, seconds: 0 }));
      return false;
    }
  }

  /** Takes the fingerprint for this run. False when another run has it, or has finished it meanwhile. */
  async #claim(pending: Pending): Promise<boolean> {
    const { prepared } = pending;
    const { fingerprint, instance } = prepared;
    if (this.#desk.claims.has(fingerprint)) return true;
    if (!this.#desk.claims.take(fingerprint)) {
      if (pending.awaitedFrom !== undefined) return false;
      pending.awaitedFrom = this.#desk.claims.ownerOf(fingerprint);
      const { address, label } = instance;
      this.#desk.emit({ type: 'node-awaited', address, label, fingerprint, owner: pending.awaitedFrom });
      return false;
    }
    const record =
      pending.forced && pending.awaitedFrom === undefined
        ? undefined
        : await this.#desk.session.store.records.get(fingerprint);
    if (!record || !isWhole(this.#desk.session.store, record)) return true;
    this.#desk.claims.release(fingerprint);
    this.#desk.pending.remove(pending);
    this.#outcomes.hit(prepared, record, 'other-run');
    this.#desk.soon(() => {});
    return false;
  }

  /** Services are up on the driver's machine; a job that runs elsewhere has its own. */
  #broughtBy(prepared: Prepared, executor: string): readonly Prepared[] {
    return executor === 'local' ? [] : this.#desk.services.of(prepared);
  }

  async #start({ prepared, reason, attempt, tries }: Pending): Promise<void> {
    const { address } = prepared.instance;
    this.#desk.tries.set(address, tries);
    try {
      const services = this.#broughtBy(prepared, this.#desk.executors.nameFor(toPlace(prepared)));
      const urls = services.length > 0 ? undefined : this.#desk.services.lend(prepared);
      const asked = { attempt, reason, tries, urls, services };
      this.#desk.tries.set(address, await this.#desk.attempts.start(prepared, asked));
    } catch (error) {
      if (this.#desk.isLoss(error)) {
        this.#desk.claims.release(prepared.fingerprint);
        return;
      }
      this.#desk.attemptEnded(prepared, { failure: failureOf(error), attempt, seconds: 0 });
    }
  }
}
