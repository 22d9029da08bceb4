import { existsSync, rmSync } from 'node:fs';
import type { NodeRecord } from '../../cache/records.ts';
import type { AttemptEnd } from '../attempt/finish-attempt.ts';
import type { RuntimeState } from './runtime-state.ts';
import type { Cost, Failure } from '../log/events.ts';
import { outputsOf } from '../values/cache-hit.ts';
import type { Output } from '../values/output.ts';
import { type KeyedCall, resourcesOf } from '../keys/keyed-call.ts';
import { nextTry } from './retries.ts';
import { noTries, type Tries } from '../log/tries.ts';
import { recordOf } from './run-facts.ts';
import { workFolder } from '../job/staged-job.ts';

/** What is told of an attempt that failed. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly seconds: number;
  readonly log?: string;
  readonly cost?: Cost;
}

export const unwanted: Failure = { code: 'cancelled-on-request', message: 'It was cancelled with `pipeline cancel`.' };

/** What follows from how a node ended: found, done, tried again, or failed, and the same for those that share its fingerprint. */
export class Outcomes {
  readonly #desk: RuntimeState;

  constructor(desk: RuntimeState) {
    this.#desk = desk;
  }

  /** Its result is known. */
  hit(call: KeyedCall, record: NodeRecord, from: 'store' | 'other-run'): void {
    const { address, label } = call.instance;
    const { seconds, gpus, cpus, run } = record.provenance;
    // What an earlier driver of this run has made was not saved.
    const saved = run === this.#desk.options.run.run ? {} : { seconds, ...(gpus && { gpus }), ...(cpus && { cpus }) };
    // After a new start, what this run has done or found already is no news.
    const phase = this.#desk.state.nodes.get(address)?.phase;
    const isNews = phase !== 'done' && phase !== 'cached';
    if (isNews) this.#desk.emit({ type: 'node-cached', address, label, fingerprint: call.fingerprint, from, ...saved });
    if (call.spec.onPreempt === 'resume') this.#dropLeftWork(call);
    this.#finish(call, outputsOf(record));
  }

  /** A driver that was killed between a node's record and the end of its work folder left that folder behind. */
  #dropLeftWork({ fingerprint }: KeyedCall): void {
    const work = workFolder(this.#desk.session.store, fingerprint);
    if (!existsSync(work)) return;
    if (!this.#desk.leases.take(fingerprint)) return; // another run may work in it, when it was forced to
    rmSync(work, { recursive: true, force: true });
    this.#desk.leases.release(fingerprint);
  }

  async ended(call: KeyedCall, end: AttemptEnd): Promise<void> {
    const { address, label } = call.instance;
    const { attempt, seconds, log, cost } = end;
    const at = { attempt, seconds, log, cost };
    const failure = end.failure ?? (await this.#changedMeanwhile(call, end));
    if (!failure && end.outputs) {
      await this.#keep(call, end.outputs, end);
      this.#desk.attempts.forget(call);
      this.#desk.leases.release(call.fingerprint);
      return;
    }
    const why = failure ?? {
      code: 'bug',
      message: 'It gave nothing: this is a mistake in the framework, please report it.',
    };
    this.#desk.attempts.forget(call);
    if (this.#desk.unwanted.has(address)) {
      this.giveUp(call, unwanted, at);
      return;
    }
    if (why.code === 'cancelled') {
      this.#desk.emit({ type: 'node-failed', address, label, failure: why, willRetry: true, ...at });
      this.#desk.leases.release(call.fingerprint);
      return;
    }
    const tries = this.#desk.stopping ? undefined : this.#nextTry(call, end);
    if (!tries) {
      this.giveUp(call, why, at);
      return;
    }
    this.#desk.emit({ type: 'node-failed', address, label, failure: why, willRetry: true, tries, ...at });
    const reason = `attempt ${attempt} failed: ${why.message}`;
    this.#desk.queue.add({ call, reason, attempt: attempt + 1, tries });
  }

  #nextTry(call: KeyedCall, end: AttemptEnd): Tries | undefined {
    const { address, of } = call.instance;
    const retries = of.node.type === 'call' ? (of.node.options.retries ?? 0) : 0;
    const before = this.#desk.tries.get(address) ?? noTries;
    // What could not even be started has no resources to speak of.
    const resources = end.cause === undefined ? {} : resourcesOf(call);
    return nextTry(before, end, { retries, spec: call.spec, resources });
  }

  /** The node has failed, and so have those that share its fingerprint. */
  giveUp(call: KeyedCall, failure: Failure, at: FailedAttempt): void {
    const { address, label } = call.instance;
    this.#desk.leases.release(call.fingerprint);
    this.fail(address, label, failure, at);
    this.#skipFollowers(call, address);
  }

  /** A service that it needs has failed. */
  skip(call: KeyedCall, because: string): void {
    const { address, label } = call.instance;
    this.#desk.leases.release(call.fingerprint);
    this.#desk.emit({ type: 'node-skipped', address, label, because });
    this.#desk.dataflow.fail(address);
    this.#skipFollowers(call, because);
  }

  #skipFollowers(call: KeyedCall, because: string): void {
    const followers = this.#desk.shared.get(call.fingerprint)?.followers ?? [];
    this.#desk.shared.delete(call.fingerprint);
    for (const { instance } of followers) {
      this.#desk.emit({ type: 'node-skipped', address: instance.address, label: instance.label, because });
      this.#desk.dataflow.fail(instance.address);
    }
  }

  async #changedMeanwhile(call: KeyedCall, { frozen = false }: AttemptEnd): Promise<Failure | undefined> {
    const { spec } = call;
    const outside = spec.code.length > 0 || spec.observe ? await this.#desk.recipes.changedSince(call, { frozen }) : [];
    const changed = [...outside, ...this.#desk.attempts.changedInputs(call)];
    if (changed.length === 0) return undefined;
    return {
      code: 'input-changed',
      message: `${changed.join(', ')} changed while it ran, so its result belongs to neither version and was not kept.`,
      hint: 'Run the pipeline again; leave these files alone meanwhile.',
    };
  }

  async #keep(call: KeyedCall, outputs: Readonly<Record<string, Output>>, end: AttemptEnd): Promise<void> {
    const { instance, fingerprint } = call;
    const before = await this.#desk.history.before(call);
    const record = recordOf(call, outputs, end, this.#desk.options.run.run);
    await this.#desk.session.store.records.set(record);
    const changed = !before || JSON.stringify(before.outputs) !== JSON.stringify(record.outputs);
    const { seconds, cost } = end;
    const { address } = instance;
    this.#desk.emit({ type: 'node-finished', address, fingerprint, seconds, changed, cost });
    this.#desk.attempts.clean(call);
    this.#finish(call, outputs);
  }

  #finish(call: KeyedCall, outputs: Readonly<Record<string, Output>>): void {
    // What was made from the items of an attempt that failed later is not what follows from this result.
    if (this.#desk.dataflow.hasReleasedOthers(call.instance.address, outputs)) this.#desk.startOver = true;
    this.#desk.dataflow.finish(call.instance.address, outputs);
    const followers = this.#desk.shared.get(call.fingerprint)?.followers ?? [];
    this.#desk.shared.delete(call.fingerprint);
    for (const { instance, fingerprint } of followers) {
      this.#desk.emit({
        type: 'node-cached',
        address: instance.address,
        label: instance.label,
        fingerprint,
        from: 'same-run',
      });
      this.#desk.dataflow.finish(instance.address, outputs);
    }
  }

  fail(address: string, label: string, failure: Failure, at: FailedAttempt): void {
    this.#desk.emit({ type: 'node-failed', address, label, failure, willRetry: false, ...at });
    this.#desk.dataflow.fail(address);
    if (this.#desk.options.failFast) this.#desk.stop('failed');
  }
}
