import type { Graph } from '../../pipelines/core/graph.ts';
import { mapRefs, targetOf } from '../../tasks/core/node.ts';
import type { Consequences } from './consequences.ts';
import type { Binding, Instances, Live } from './instances.ts';
import { valueOf, walk } from '../values/output.ts';

type Resolved =
  | { readonly state: 'value'; readonly value: unknown }
  | { readonly state: 'failed'; readonly because: string };

type Resolution = Resolved | { readonly state: 'missing'; readonly missing: Set<string> };

/** A structure that lacks values; `missing` are the addresses it still waits for. */
interface Waiter {
  readonly missing: Set<string>;
  readonly wake: () => void;
}

/** Puts values in the place of refs, now or once they are there: knows who waits for whom. */
export class Resolver {
  readonly #graph: Graph;
  readonly #instances: Instances;
  readonly #consequences: Consequences;
  readonly #waiters = new Map<string, Set<Waiter>>();

  constructor(graph: Graph, instances: Instances, consequences: Consequences) {
    this.#graph = graph;
    this.#instances = instances;
    this.#consequences = consequences;
  }

  /** A structure with every ref replaced, where these items are chosen; or what it lacks, or the failure behind it. */
  resolve(structure: unknown, binding: Binding): Resolution {
    const missing = new Set<string>();
    let because: string | undefined;
    const value = mapRefs(structure, (ref) => {
      const { node, output, keys } = targetOf(ref);
      if (node.type === 'item') return walk(binding.get(this.#graph.sourceOf(node).id)?.value, keys);
      const provider = this.#instances.provider(node, binding);
      if (provider?.stage === 'done') return walk(valueOf(provider.outputs?.[output ?? '']), keys);
      if (provider?.stage === 'failed') because ??= provider.address;
      else if (provider?.stage === 'skipped') because ??= provider.because ?? provider.address;
      else missing.add(provider?.address ?? this.#graph.at(node).address);
      return undefined;
    });
    if (because !== undefined) return { state: 'failed', because };
    return missing.size > 0 ? { state: 'missing', missing } : { state: 'value', value };
  }

  /** Calls `then` once: when the last value has come or the first failure, and at once when nothing is missing. */
  whenResolved(structure: unknown, binding: Binding, then: (resolved: Resolved) => void): void {
    const resolved = this.resolve(structure, binding);
    if (resolved.state !== 'missing') {
      then(resolved);
      return;
    }
    const waiter: Waiter = { missing: resolved.missing, wake: () => this.whenResolved(structure, binding, then) };
    for (const address of resolved.missing) {
      const others = this.#waiters.get(address);
      if (others) others.add(waiter);
      else this.#waiters.set(address, new Set([waiter]));
    }
  }

  /** An instance has come to its end: whoever waited for just that looks again. */
  settle(live: Live, stage: 'done' | 'failed' | 'skipped'): void {
    live.stage = stage;
    const waiters = this.#waiters.get(live.address);
    this.#waiters.delete(live.address);
    for (const waiter of waiters ?? []) {
      waiter.missing.delete(live.address);
      if (stage === 'done' && waiter.missing.size > 0) continue;
      // A failure decides at once, so the waiter leaves the other queues that it stands in.
      for (const address of waiter.missing) this.#waiters.get(address)?.delete(waiter);
      waiter.missing.clear();
      this.#consequences.add(waiter.wake);
    }
  }
}
