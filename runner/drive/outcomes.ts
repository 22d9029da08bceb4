import { existsSync, rmSync } from 'node:fs';
import { Problem } from '../../cache/problem.ts';
import type { NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import type { Dataflow } from '../dataflow/dataflow.ts';
import { workFolder } from '../job/staged-job.ts';
import { type KeyedCall, resourcesOf } from '../keys/keyed-call.ts';
import type { Recipes } from '../keys/recipes.ts';
import type { Cost, Failure } from '../log/events.ts';
import type { Tries } from '../log/tries.ts';
import type { History } from '../plan/history.ts';
import { outputsOf } from '../values/cache-hit.ts';
import type { Output } from '../values/output.ts';
import type { Journal } from './journal.ts';
import type { Leases } from './leases.ts';
import type { Losses } from './losses.ts';
import type { QueuedNodes } from './queued-nodes.ts';
import type { SharedCalls } from './shared-calls.ts';
import { nextTry } from './retries.ts';
import { recordOf } from './run-facts.ts';

/** What is told of an attempt that failed. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly seconds: number;
  readonly log?: string | undefined;
  readonly cost?: Cost | undefined;
}

/** Of an attempt that ended well: its record is on the disk, or why it is not. */
interface Kept {
  readonly failure: Failure | undefined;
  /** Whether it gave something else than before. */
  readonly changed: boolean;
}

export const unwanted: Failure = { code: 'cancelled-on-request', message: 'It was cancelled with `pipeline cancel`.' };

export interface OutcomesTools {
  /** The run's number. */
  readonly run: string;
  readonly pass: { readonly dataflow: Dataflow; readonly shared: SharedCalls; readonly queue: QueuedNodes };
  readonly journal: Journal;
  readonly leases: Leases;
  readonly losses: Losses;
  readonly recipes: Recipes;
  readonly history: History;
  readonly store: Store;
  readonly attempts: {
    changedInputs(call: KeyedCall): string[];
    clean(call: KeyedCall): void;
    forget(call: KeyedCall, how?: { isLost?: boolean }): void;
    forgetLost(call: KeyedCall): void;
    endedWellAfterAll(call: KeyedCall): boolean;
    staysWithScheduler(call: KeyedCall): boolean;
  };
  /** Whether somebody wants the node at an address to end. */
  readonly isUnwanted: (address: string) => boolean;
  /** Nothing is tried again. */
  readonly isStopping: () => boolean;
}

/** What follows from how a node ended: known, done, tried again, or failed, and the same for those that share its fingerprint. */
export class Outcomes {
  readonly #tools: OutcomesTools;
  readonly #kept = new WeakMap<AttemptEnd, Kept>();

  constructor(tools: OutcomesTools) {
    this.#tools = tools;
  }

  /** Its result is known. */
  hit(call: KeyedCall, record: NodeRecord, from: 'store' | 'other-run'): void {
    const { journal } = this.#tools;
    const { address, label } = call.instance;
    const { accepted } = record;
    const { seconds, gpus, cpus, run } = record.provenance;
    // What an earlier driver of this run has made was not saved.
    const saved = run === this.#tools.run ? {} : { seconds, ...(gpus && { gpus }), ...(cpus && { cpus }) };
    const told = { ...saved, ...(accepted && { accepted }) };
    // In a later pass, what this run has done or looked up already is no news.
    const phase = journal.state.nodes.get(address)?.phase;
    if (phase !== 'done' && phase !== 'cached') {
      journal.emit({ type: 'node-cached', address, label, fingerprint: call.fingerprint, from, ...told });
    }
    if (call.spec.onPreempt === 'resume') this.#dropLeftWork(call);
    this.#finish(call, outputsOf(record));
  }

  /** A driver that was killed between a node's record and the end of its work folder left that folder behind. */
  #dropLeftWork({ fingerprint }: KeyedCall): void {
    const { store, leases } = this.#tools;
    const work = workFolder(store, fingerprint);
    if (!existsSync(work)) return;
    if (!leases.take(fingerprint)) return; // another run may work in it, when it was forced to
    rmSync(work, { recursive: true, force: true });
    leases.release(fingerprint);
  }

  /** Puts on record what attempts gave, before `ended` takes them one by one: a disk that is waited for takes as long for all. */
  async keep(all: readonly { readonly call: KeyedCall; readonly end: AttemptEnd }[]): Promise<void> {
    const records: NodeRecord[] = [];
    for (const { call, end } of all) {
      if (end.failure || !end.outputs || !this.#tools.leases.holds(call.fingerprint)) continue;
      const failure = await this.#changedMeanwhile(call, end);
      const before = failure ? undefined : await this.#tools.history.before(call);
      const record = recordOf(call, end.outputs, end, this.#tools.run);
      const changed = !before || JSON.stringify(before.outputs) !== JSON.stringify(record.outputs);
      this.#kept.set(end, { failure, changed });
      if (!failure) records.push(record);
    }
    await this.#tools.store.records.set(...records);
  }

  async ended(call: KeyedCall, end: AttemptEnd): Promise<void> {
    const { attempts, leases, journal, pass, isUnwanted } = this.#tools;
    const { address, label } = call.instance;
    const { attempt, seconds, log, cost } = end;
    const at = { attempt, seconds, log, cost };
    if (!leases.holds(call.fingerprint)) return this.#takenOver(call, end);
    if (!this.#kept.has(end)) await this.keep([{ call, end }]);
    const kept = this.#kept.get(end);
    const failure = kept?.failure ?? end.failure;
    if (kept && !failure && end.outputs) {
      journal.emit({
        type: 'node-finished',
        address,
        fingerprint: call.fingerprint,
        seconds,
        changed: kept.changed,
        cost,
      });
      attempts.clean(call);
      this.#finish(call, end.outputs);
      attempts.forget(call);
      attempts.forgetLost(call);
      leases.release(call.fingerprint);
      return;
    }
    const why = failure ?? {
      code: 'bug',
      message: 'It gave nothing: this is a mistake in the framework, please report it.',
    };
    if (why.code === 'disk-full' && attempts.staysWithScheduler(call)) throw notTakenIn(label, why);
    attempts.forget(call, { isLost: end.cause === 'lost' || end.cause === 'node-failed' });
    if (isUnwanted(address)) {
      this.giveUp(call, unwanted, at);
      return;
    }
    if (why.code === 'cancelled') {
      journal.emit({ type: 'node-failed', address, label, failure: why, willRetry: true, ...at });
      leases.release(call.fingerprint);
      return;
    }
    const tries = this.#tools.isStopping() ? undefined : this.#nextTry(call, end);
    if (!tries) {
      this.giveUp(call, why, at);
      return;
    }
    journal.emit({ type: 'node-failed', address, label, failure: why, willRetry: true, tries, ...at });
    const reason = `attempt ${attempt} failed: ${why.message}`;
    pass.queue.add({ call, reason, isForced: false, attempt: attempt + 1, tries });
  }

  /** Nothing of it may be kept, cleaned up or told: its place is with those who wait for another run. */
  #takenOver(call: KeyedCall, { attempt, tries }: AttemptEnd): void {
    const { journal, pass } = this.#tools;
    const reason = 'this driver stood still, and another run has taken it over';
    journal.emit({ type: 'node-requeued', address: call.instance.address, attempt, reason });
    pass.queue.add({ call, reason, isForced: false, attempt: attempt + 1, tries });
  }

  #nextTry(call: KeyedCall, end: AttemptEnd): Tries | undefined {
    if (this.#tools.attempts.endedWellAfterAll(call)) return end.tries; // the next attempt is the one that did
    const { node } = call.instance.of;
    const retries = node.type === 'call' ? (node.options.retries ?? 0) : 0;
    // What could not even be started has no resources to speak of.
    const resources = end.cause === undefined ? {} : resourcesOf(call);
    return nextTry(end.tries, end, { retries, spec: call.spec, resources });
  }

  /** The node has failed, and so have those that share its fingerprint. */
  giveUp(call: KeyedCall, failure: Failure, at: FailedAttempt): void {
    const { address, label } = call.instance;
    this.#tools.leases.release(call.fingerprint);
    this.fail(address, label, failure, at);
    this.#skipFollowers(call, address);
  }

  /** A service that it needs has failed. */
  skip(call: KeyedCall, because: string): void {
    const { leases, journal, pass } = this.#tools;
    const { address, label } = call.instance;
    leases.release(call.fingerprint);
    journal.emit({ type: 'node-skipped', address, label, because });
    pass.dataflow.fail(address);
    this.#skipFollowers(call, because);
  }

  fail(address: string, label: string, failure: Failure, at: FailedAttempt): void {
    this.#tools.journal.emit({ type: 'node-failed', address, label, failure, willRetry: false, ...at });
    this.#tools.pass.dataflow.fail(address);
  }

  #skipFollowers(call: KeyedCall, because: string): void {
    const { pass, journal } = this.#tools;
    for (const { instance } of pass.shared.dissolve(call)) {
      journal.emit({ type: 'node-skipped', address: instance.address, label: instance.label, because });
      pass.dataflow.fail(instance.address);
    }
  }

  async #changedMeanwhile(call: KeyedCall, { frozen = false }: AttemptEnd): Promise<Failure | undefined> {
    const { spec } = call;
    const { recipes, attempts } = this.#tools;
    const outside = spec.code.length > 0 || spec.observe ? await recipes.changedSince(call, { frozen }) : [];
    const changed = [...outside, ...attempts.changedInputs(call)];
    if (changed.length === 0) return undefined;
    return {
      code: 'input-changed',
      message: `${changed.join(', ')} changed while it ran, so its result belongs to neither version and was not kept.`,
      hint: 'Run the pipeline again; leave these files alone meanwhile.',
    };
  }

  #finish(call: KeyedCall, outputs: Readonly<Record<string, Output>>): void {
    const { pass, losses, journal } = this.#tools;
    const { address } = call.instance;
    // What was made from the items of an attempt that failed later is not what follows from this result.
    if (pass.dataflow.hasReleasedOthers(address, outputs)) losses.lookUpAgain();
    pass.dataflow.finish(address, outputs);
    for (const { instance, fingerprint } of pass.shared.dissolve(call)) {
      const { address: at, label } = instance;
      journal.emit({ type: 'node-cached', address: at, label, fingerprint, from: 'same-run' });
      pass.dataflow.finish(at, outputs);
    }
  }
}

/** What a job made waits in its folder: no work is lost, and no try, by a driver that ends here. */
function notTakenIn(label: string, { code, message, hint = '' }: Failure): Problem {
  return new Problem(code, `The result of ${label} is there, and there is no room to keep it. ${message}`, {
    hint: `Make room, then: pipeline resume. It takes the result in without running anything again.\n${hint}`.trim(),
  });
}
