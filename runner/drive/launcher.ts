import type { NodeRecord, Records } from '../../cache/records.ts';
import { Problem } from '../../cache/problem.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { AttemptAsked } from '../attempt/stage-attempt.ts';
import type { Executors } from '../executors/executors.ts';
import { broughtAlong } from '../executors/with-services.ts';
import { type KeyedCall, resourcesOf, toPlace } from '../keys/keyed-call.ts';
import { servicesIn } from '../values/leaves.ts';
import type { Leases } from './leases.ts';
import type { Placing, QueuedNode, QueuedNodes } from './queued-nodes.ts';

/** What became of a queued node, which left the queue by it. */
export type Launch =
  | { readonly is: 'started'; readonly node: QueuedNode }
  /** Another run has made it meanwhile. */
  | { readonly is: 'known'; readonly node: QueuedNode; readonly record: NodeRecord }
  /** A service that it needs has failed, at this address. */
  | { readonly is: 'skipped'; readonly node: QueuedNode; readonly because: string }
  /** It can never run here. */
  | { readonly is: 'refused'; readonly node: QueuedNode; readonly error: unknown }
  /** What it is made from has changed since its recipe was made: it needs another. */
  | { readonly is: 'outdated'; readonly node: QueuedNode }
  /** Its job could not be prepared or handed over. */
  | { readonly is: 'not-started'; readonly node: QueuedNode; readonly error: unknown }
  /** It stays in the queue: another run works on it. */
  | { readonly is: 'awaited'; readonly node: QueuedNode; readonly owner: string };

export interface LauncherTools {
  readonly queue: QueuedNodes;
  readonly leases: Leases;
  readonly records: Pick<Records, 'get'>;
  readonly executors: Executors;
  readonly services: {
    of(consumer: KeyedCall): readonly KeyedCall[];
    look(
      consumer: KeyedCall,
      resources: Resources,
    ): Promise<'up' | 'coming' | 'startable' | { readonly failed: string }>;
    startFor(consumer: KeyedCall): Promise<void>;
    lend(consumer: KeyedCall): ReadonlyMap<string, string>;
  };
  /** The record as it holds today; undefined when it does not. */
  readonly fitted: (call: KeyedCall, record: NodeRecord) => Promise<NodeRecord | undefined>;
  /** What an earlier driver left of a job, and still runs, in words. */
  readonly formerJob: (call: KeyedCall) => Promise<string | undefined>;
  /** Undefined while the world outside is looked at again. */
  readonly isOutdated: (call: KeyedCall) => Promise<boolean | undefined>;
  readonly attempts: {
    isSubmitted(call: KeyedCall): boolean;
    start(call: KeyedCall, asked: AttemptAsked): Promise<void>;
  };
}

/** Starts what has to run, one owner for each fingerprint. */
export class Launcher {
  readonly #tools: LauncherTools;

  constructor(tools: LauncherTools) {
    this.#tools = tools;
  }

  /** Starts what there is room for. A job that does not fit lets smaller ones go first. */
  async *launch(): AsyncGenerator<Launch> {
    const { queue } = this.#tools;
    if (queue.length === 0) return;
    for (const node of await queue.inOrder()) {
      const launch = await this.#launch(node);
      if (!launch) continue;
      if (launch.is !== 'awaited') queue.remove(node);
      yield launch;
    }
  }

  /** Undefined when its time has not come. */
  async #launch(node: QueuedNode): Promise<Launch | undefined> {
    let placing: Placing;
    try {
      placing = this.#tools.queue.placing(node, (waiting) => this.#place(waiting));
      const services = await this.#bringUpServices(node, placing);
      if (services !== 'up') return services;
      if (!(await this.#hasRoom(node, placing))) return undefined;
    } catch (error) {
      return { is: 'refused', node, error };
    }
    const lease = await this.#lease(node);
    if (lease !== 'ours') return lease;
    return this.#start(node, placing);
  }

  #place({ call, tries }: QueuedNode): Placing {
    const job = toPlace(call);
    const executor = this.#tools.executors.nameFor(job);
    const resources = tries.resources ?? job.resources;
    const services = this.#hostsServices(executor) ? [] : this.#tools.services.of(call);
    return { executor, resources, services, together: broughtAlong(resources, services.map(resourcesOf)) };
  }

  /** Services are started for a node that is sure to run, and before it asks for room of its own. */
  async #bringUpServices(node: QueuedNode, { executor, resources }: Placing): Promise<'up' | Launch | undefined> {
    const { call } = node;
    if (servicesIn(call.inputs).length === 0) return 'up';
    if (!this.#hostsServices(executor)) return 'up'; // its job brings them along
    const { services } = this.#tools;
    const look = await services.look(call, resources);
    if (look === 'startable') {
      const lease = await this.#lease(node);
      if (lease !== 'ours') return lease;
      await services.startFor(call);
      return undefined;
    }
    if (typeof look === 'string') return look === 'up' ? 'up' : undefined;
    return { is: 'skipped', node, because: look.failed };
  }

  /** Throws when there never can be room. */
  async #hasRoom({ call }: QueuedNode, { executor: name, together }: Placing): Promise<boolean> {
    const { attempts, executors } = this.#tools;
    if (attempts.isSubmitted(call)) return true;
    const executor = executors.ready(name) ?? (await executors.named(name));
    if (executor.hasRoom(together)) return true;
    const refusal = executor.refusal(together);
    if (refusal === undefined) return false;
    throw new Problem('no-such-resources', `${call.instance.label} cannot run here: ${refusal}.`, {
      hint: 'Ask for less in `resources`, or run it on another machine.',
    });
  }

  /** Takes the fingerprint for this run, unless another run has it, or has finished it meanwhile. */
  async #lease(node: QueuedNode): Promise<'ours' | Launch | undefined> {
    const { queue, leases, records, fitted } = this.#tools;
    const { fingerprint } = node.call;
    if (leases.has(fingerprint)) return this.#awaitFormer(node);
    const wasAwaited = queue.isAwaited(node);
    if (!leases.take(fingerprint)) {
      if (wasAwaited) return undefined;
      return this.#await(node, leases.ownerOf(fingerprint));
    }
    const record = node.isForced && !wasAwaited ? undefined : await records.get(fingerprint);
    const known = record && (await fitted(node.call, record));
    if (!known) return this.#awaitFormer(node);
    leases.release(fingerprint);
    return { is: 'known', node, record: known };
  }

  /** A lease may be there before the job of the driver that had it is gone. */
  async #awaitFormer(node: QueuedNode): Promise<'ours' | Launch | undefined> {
    const left = await this.#tools.formerJob(node.call);
    if (left === undefined) return 'ours';
    return this.#tools.queue.isAwaited(node) ? undefined : this.#await(node, left);
  }

  #await(node: QueuedNode, owner: string): Launch {
    this.#tools.queue.await(node, owner);
    return { is: 'awaited', node, owner };
  }

  async #start(node: QueuedNode, { executor, services, together }: Placing): Promise<Launch | undefined> {
    const { call, attempt, reason, tries } = node;
    try {
      const isOutdated = this.#tools.attempts.isSubmitted(call) ? false : await this.#tools.isOutdated(call);
      if (isOutdated === undefined) return undefined;
      if (isOutdated) return { is: 'outdated', node };
      const urls = services.length > 0 ? undefined : this.#tools.services.lend(call);
      await this.#tools.attempts.start(call, { attempt, reason, tries, executor, resources: together, urls, services });
      return { is: 'started', node };
    } catch (error) {
      if (Problem.is(error) && error.code === 'input-changed') return { is: 'outdated', node };
      return { is: 'not-started', node, error };
    }
  }

  /** Services are up with one executor; a job of another brings its own along. */
  #hostsServices(executor: string): boolean {
    return executor === this.#tools.executors.serviceHost;
  }
}
