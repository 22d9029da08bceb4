import { messageOf } from '../cache/problem.ts';
import type { Graph, GraphNode } from '../pipelines/core/graph.ts';
import { mapRefs, targetOf } from '../tasks/core/node.ts';
import type { Ref } from '../tasks/core/ref.ts';
import { compareNatural } from '../tasks/core/stream.ts';
import { consumersOf } from './consumers.ts';

/** One element of a list, under a key that stays its own whatever else the list holds. */
export interface Item {
  readonly key: string;
  readonly value: unknown;
}

/** What an output is once it exists: a value, or the items of a stream. */
export type Output = { readonly value: unknown } | { readonly items: readonly Item[] };

export type Stage = 'waiting' | 'ready' | 'done' | 'failed' | 'skipped';

/** One node of the graph for one choice of items (outside every `each`: the node itself). */
export interface Instance {
  /** The graph address, with the items' keys behind it: `rollout[000500]`. */
  readonly address: string;
  readonly label: string;
  readonly of: GraphNode;
  readonly keys: readonly string[];
  stage: Stage;
  /** The inputs with every ref replaced; set once the instance is ready. */
  inputs: Readonly<Record<string, unknown>> | undefined;
  /** For a skipped instance: the address of the failure behind it. */
  because: string | undefined;
}

type Binding = ReadonlyMap<string, Item>;
type Listener = (item: Item) => void;

interface Live extends Instance {
  readonly binding: Binding;
  outputs: Readonly<Record<string, Output>> | undefined;
  readonly released: Map<string, Item[]>;
  /** For `each` and `filter`: the list that they make, keyed as their source is. */
  readonly rows: Map<string, { value?: unknown; settled: boolean }>;
  sourceKeys: readonly string[] | undefined;
  readonly listeners: { output: string; listener: Listener; close: (keys: readonly string[] | undefined) => void }[];
}

/** A structure that lacks values; `missing` are the addresses it still waits for. */
interface Waiter {
  readonly missing: Set<string>;
  readonly wake: () => void;
}

type Resolution =
  | { readonly state: 'value'; readonly value: unknown }
  | { readonly state: 'missing'; readonly missing: Set<string> }
  | { readonly state: 'failed'; readonly because: string };

/**
 * Which nodes can run now, given what has finished, been released or failed. Pure bookkeeping: no files, no clock.
 *
 * The caller takes ready instances and answers each with `finish` or `fail` (and `release` in between); lists that grow
 * make new instances on the way. Failure skips what depends on it and nothing else.
 */
export class Dataflow {
  readonly #graph: Graph;
  readonly #live = new Map<string, Live>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #bodies = new Map<string, readonly GraphNode[]>();
  readonly #copies = new Map<string, Live[]>();
  readonly #consumers = new Map<string, readonly GraphNode[]>();
  readonly #included: (address: string) => boolean;
  readonly #ready: Live[] = [];
  readonly #skipped: Live[] = [];
  readonly #broken: { address: string; label: string; message: string }[] = [];
  readonly #work: (() => void)[] = [];
  #working = false;

  /** `only`, when given, limits the run to these graph addresses. */
  constructor(graph: Graph, only?: ReadonlySet<string>) {
    this.#graph = graph;
    this.#included = (address) => only?.has(address) ?? true;
    const outermost = graph.order.filter(({ address, scope }) => scope.length === 0 && this.#included(address));
    this.#instantiate(outermost, new Map());
    this.#drain();
  }

  /** Call instances that became ready since the last call, in graph order. */
  takeReady(): Instance[] {
    return this.#ready.splice(0);
  }

  /** Call instances that became skipped since the last call. */
  takeSkipped(): Instance[] {
    return this.#skipped.splice(0);
  }

  /** Filters whose predicate threw since the last call. */
  takeBroken(): { address: string; label: string; message: string }[] {
    return this.#broken.splice(0);
  }

  finish(address: string, outputs: Readonly<Record<string, Output>>): void {
    const live = this.#get(address);
    live.outputs = outputs;
    for (const [name, output] of Object.entries(outputs)) this.#publish(live, name, output);
    this.#settle(live, 'done');
    this.#drain();
  }

  /** One more item of a stream. An item that was released before is ignored. */
  release(address: string, output: string, item: Item): void {
    const live = this.#get(address);
    const before = live.released.get(output) ?? [];
    if (before.some(({ key }) => key === item.key)) return;
    live.released.set(output, [...before, item]);
    for (const { output: wanted, listener } of [...live.listeners]) if (wanted === output) listener(item);
    this.#drain();
  }

  /** Whether an item was released that has another value in these outputs: a later attempt made it again, and otherwise. */
  hasReleasedOthers(address: string, outputs: Readonly<Record<string, Output>>): boolean {
    return [...this.#get(address).released].some(([name, items]) => {
      const output = outputs[name];
      if (!output || !('items' in output)) return false;
      const values = new Map(output.items.map(({ key, value }) => [key, JSON.stringify(value)]));
      return items.some(({ key, value }) => values.has(key) && values.get(key) !== JSON.stringify(value));
    });
  }

  fail(address: string): void {
    const live = this.#get(address);
    for (const { close } of live.listeners) close(undefined);
    this.#settle(live, 'failed');
    this.#drain();
  }

  /** All call instances so far. */
  instances(): Instance[] {
    return [...this.#live.values()].filter(({ of }) => of.node.type === 'call');
  }

  /** The value of a structure outside every `each`, or undefined when a part of it has none. */
  value(structure: unknown): unknown {
    const resolved = this.#resolve(structure, new Map());
    return resolved.state === 'value' ? resolved.value : undefined;
  }

  /** What a ref outside every `each` points at, with the keys of a list's items. */
  output(ref: Ref<unknown>): Output | undefined {
    const { node, output, keys } = targetOf(ref);
    const live = node.type === 'item' ? undefined : this.#provider(node, new Map());
    const found = live?.stage === 'done' ? live.outputs?.[output ?? ''] : undefined;
    if (!found || keys.length === 0) return found;
    return { value: walk(valueOf(found), keys) };
  }

  /** What keeps a waiting instance from being ready: addresses of instances without a value. */
  missingFor(address: string): string[] {
    const live = this.#get(address);
    const resolved = 'inputs' in live.of.node ? this.#resolve(live.of.node.inputs, live.binding) : undefined;
    return resolved?.state === 'missing' ? [...resolved.missing] : [];
  }

  /** Whether a service may still be asked for: somebody who takes it has not ended, or an open list may bring one. */
  isWanted(address: string): boolean {
    const service = this.#get(address);
    const consumers = this.#consumers.get(service.of.address) ?? consumersOf(this.#graph, service.of.address);
    this.#consumers.set(service.of.address, consumers);
    return consumers.some((consumer) => this.#mayWant(consumer, service));
  }

  #mayWant(consumer: GraphNode, service: Live): boolean {
    const isOpen = ({ stage }: Live): boolean => stage === 'waiting' || stage === 'ready';
    if (this.#copiesBeside(consumer, service).some(isOpen)) return true;
    const lists = new Set(consumer.scope.filter((id) => !service.of.scope.includes(id)));
    if (lists.size === 0) return false;
    return this.#graph.order.some((each) => {
      if (each.node.type !== 'each' || !lists.has(this.#graph.sourceOf(each.node.item).id)) return false;
      return this.#copiesBeside(each, service).some((live) => isOpen(live) && live.sourceKeys === undefined);
    });
  }

  /** The instances of a node for the items that an instance of another is for, and for any of other lists. */
  #copiesBeside(of: GraphNode, { of: other, keys }: Live): Live[] {
    if (of.scope.length === other.scope.length && of.scope.every((id, i) => id === other.scope[i])) {
      const only = this.#live.get(of.address + suffixOf(keys));
      return only ? [only] : [];
    }
    const wanted = new Map(other.scope.map((id, i) => [id, keys[i]]));
    const agrees = (live: Live): boolean =>
      of.scope.every((id, i) => !wanted.has(id) || wanted.get(id) === live.keys[i]);
    return (this.#copies.get(of.address) ?? []).filter(agrees);
  }

  /** All are made before the first starts, so that every ref finds the instance that it points at. */
  #instantiate(nodes: readonly GraphNode[], binding: Binding): void {
    const made = nodes.flatMap((node) => this.#make(node, binding) ?? []);
    for (const live of made) this.#later(() => this.#start(live));
  }

  /** The nodes that an `each` copies for every item, those of an inner `each` included. */
  #bodyOf(each: GraphNode, itemId: string): readonly GraphNode[] {
    const known = this.#bodies.get(each.address);
    if (known) return known;
    const inside = new Set<string>();
    const stack = [...each.needs];
    for (let address = stack.pop(); address !== undefined; address = stack.pop()) {
      const node = this.#graph.byAddress.get(address);
      if (!node?.scope.includes(itemId) || inside.has(address)) continue;
      inside.add(address);
      stack.push(...node.needs);
    }
    const body = this.#graph.order.filter(({ address }) => inside.has(address) && this.#included(address));
    this.#bodies.set(each.address, body);
    return body;
  }

  #make(of: GraphNode, binding: Binding): Live | undefined {
    const keys = of.scope.map((id) => binding.get(id)?.key ?? '?');
    const suffix = suffixOf(keys);
    const address = of.address + suffix;
    if (this.#live.has(address)) return undefined;
    const live: Live = {
      address,
      label: of.label + (suffix && ` ${keys.join(' ')}`),
      of,
      keys,
      stage: 'waiting',
      inputs: undefined,
      because: undefined,
      binding,
      outputs: undefined,
      released: new Map(),
      rows: new Map(),
      sourceKeys: undefined,
      listeners: [],
    };
    this.#live.set(address, live);
    const copies = this.#copies.get(of.address);
    if (copies) copies.push(live);
    else this.#copies.set(of.address, [live]);
    return live;
  }

  #start(live: Live): void {
    const { node } = live.of;
    if (node.type === 'call' || node.type === 'service') this.#await(live, node.inputs);
    else if (node.type === 'each') this.#startEach(live);
    else this.#startFilter(live);
  }

  #await(live: Live, inputs: unknown): void {
    this.#whenResolved(inputs, live.binding, (resolved) => {
      if (resolved.state === 'failed') return this.#skip(live, resolved.because);
      live.inputs = resolved.value as Record<string, unknown>;
      live.stage = 'ready';
      this.#ready.push(live);
    });
  }

  #skip(live: Live, because: string): void {
    live.because = because;
    for (const { close } of live.listeners) close(undefined);
    this.#settle(live, 'skipped');
    if (live.of.node.type === 'call' || live.of.node.type === 'service') this.#skipped.push(live);
  }

  #startEach(live: Live): void {
    const { node } = live.of;
    if (node.type !== 'each') return;
    const source = this.#graph.sourceOf(node.item);
    const body = this.#bodyOf(live.of, source.id);
    this.#follow(live, node.list, (item) => {
      if (live.rows.has(item.key)) return;
      live.rows.set(item.key, { settled: false });
      const binding = new Map(live.binding).set(source.id, item);
      this.#instantiate(
        body.filter(({ scope }) => scope.every((id) => binding.has(id))),
        binding,
      );
      this.#later(() =>
        this.#whenResolved(node.body, binding, (resolved) => {
          if (resolved.state === 'failed') live.because = resolved.because;
          else this.#addRow(live, { key: item.key, value: resolved.value });
          const row = live.rows.get(item.key);
          if (row) row.settled = true;
          this.#closeIfComplete(live);
        }),
      );
    });
  }

  #startFilter(live: Live): void {
    const { node } = live.of;
    if (node.type !== 'filter') return;
    this.#follow(live, node.list, (item) => {
      if (live.rows.has(item.key)) return;
      live.rows.set(item.key, { settled: true });
      try {
        if (node.keep(item.value)) this.#addRow(live, item);
      } catch (error) {
        if (live.because !== undefined) return;
        live.because = live.address;
        const message = `The predicate of ${live.label} threw on item ${item.key}: ${messageOf(error)}`;
        this.#broken.push({ address: live.address, label: live.label, message });
      }
      this.#closeIfComplete(live);
    });
  }

  #addRow(live: Live, item: Item): void {
    live.rows.set(item.key, { value: item.value, settled: true });
    for (const { listener } of [...live.listeners]) listener(item);
  }

  #closeIfComplete(live: Live): void {
    if (!live.sourceKeys || live.stage !== 'waiting') return;
    if ([...live.rows.values()].some(({ settled }) => !settled)) return;
    if (live.because !== undefined) {
      this.#skip(live, live.because);
      return;
    }
    const items = live.sourceKeys.flatMap((key) => {
      const row = live.rows.get(key);
      return row && 'value' in row ? [{ key, value: row.value }] : [];
    });
    live.outputs = { '': { items } };
    const keys = items.map(({ key }) => key);
    for (const { close } of live.listeners) close(keys);
    this.#settle(live, 'done');
  }

  /** Hands each item of a list to `listener`, those there already first, then the list's end. */
  #follow(live: Live, list: Ref<readonly unknown[]>, listener: Listener): void {
    const close = (keys: readonly string[] | undefined): void => {
      if (keys) live.sourceKeys = keys;
      else live.because ??= live.address;
      if (keys) this.#later(() => this.#closeIfComplete(live));
      else this.#later(() => live.stage === 'waiting' && this.#skip(live, this.#causeOf(list, live.binding)));
    };
    const { node, output, keys } = targetOf(list);
    const source = node.type === 'item' || keys.length > 0 ? undefined : this.#provider(node, live.binding);
    if (!source || (source.stage !== 'waiting' && source.stage !== 'ready')) {
      this.#whenResolved(list, live.binding, (resolved) => {
        if (resolved.state === 'failed') return close(undefined);
        const items = this.#itemsOf(list, live.binding, resolved.value as readonly unknown[]);
        for (const item of items) listener(item);
        close(items.map(({ key }) => key));
      });
      return;
    }
    source.listeners.push({ output: output ?? '', listener, close });
    const known = source.of.node.type === 'call' ? (source.released.get(output ?? '') ?? []) : rowsOf(source);
    for (const item of known) listener(item);
  }

  #itemsOf(list: Ref<unknown>, binding: Binding, values: readonly unknown[]): Item[] {
    const { node, output, keys } = targetOf(list);
    if (node.type !== 'item' && keys.length === 0) {
      const stored = this.#provider(node, binding)?.outputs?.[output ?? ''];
      if (stored && 'items' in stored) return [...stored.items];
    }
    return values.map((value, i) => ({ key: String(i), value }));
  }

  #causeOf(list: Ref<unknown>, binding: Binding): string {
    const resolved = this.#resolve(list, binding);
    return resolved.state === 'failed' ? resolved.because : '';
  }

  #publish(live: Live, name: string, output: Output): void {
    const items =
      'items' in output
        ? [...output.items].sort((a, b) => compareNatural(a.key, b.key))
        : Array.isArray(output.value)
          ? output.value.map((value, i) => ({ key: String(i), value }))
          : undefined;
    if (!items) return;
    for (const { output: wanted, listener, close } of [...live.listeners]) {
      if (wanted !== name) continue;
      for (const item of items) listener(item);
      close(items.map(({ key }) => key));
    }
  }

  #provider(node: Parameters<Graph['at']>[0], binding: Binding): Live | undefined {
    const of = this.#graph.at(node);
    const keys = of.scope.map((id) => binding.get(id)?.key ?? '?');
    return this.#live.get(of.address + suffixOf(keys));
  }

  #resolve(structure: unknown, binding: Binding): Resolution {
    const missing = new Set<string>();
    let because: string | undefined;
    const value = mapRefs(structure, (ref) => {
      const { node, output, keys } = targetOf(ref);
      if (node.type === 'item') return walk(binding.get(this.#graph.sourceOf(node).id)?.value, keys);
      const provider = this.#provider(node, binding);
      if (provider?.stage === 'done') return walk(valueOf(provider.outputs?.[output ?? '']), keys);
      if (provider?.stage === 'failed') because ??= provider.address;
      else if (provider?.stage === 'skipped') because ??= provider.because ?? provider.address;
      else missing.add(provider?.address ?? this.#graph.at(node).address);
      return undefined;
    });
    if (because !== undefined) return { state: 'failed', because };
    return missing.size > 0 ? { state: 'missing', missing } : { state: 'value', value };
  }

  #whenResolved(
    structure: unknown,
    binding: Binding,
    then: (resolved: Exclude<Resolution, { state: 'missing' }>) => void,
  ): void {
    const resolved = this.#resolve(structure, binding);
    if (resolved.state !== 'missing') {
      then(resolved);
      return;
    }
    const waiter: Waiter = { missing: resolved.missing, wake: () => this.#whenResolved(structure, binding, then) };
    for (const address of resolved.missing) {
      const others = this.#waiters.get(address);
      if (others) others.add(waiter);
      else this.#waiters.set(address, new Set([waiter]));
    }
  }

  #settle(live: Live, stage: 'done' | 'failed' | 'skipped'): void {
    live.stage = stage;
    const waiters = this.#waiters.get(live.address);
    this.#waiters.delete(live.address);
    for (const waiter of waiters ?? []) {
      waiter.missing.delete(live.address);
      if (stage === 'done' && waiter.missing.size > 0) continue;
      // A failure decides at once, so the waiter leaves the other queues that it stands in.
      for (const address of waiter.missing) this.#waiters.get(address)?.delete(waiter);
      waiter.missing.clear();
      this.#later(waiter.wake);
    }
  }

  #get(address: string): Live {
    const live = this.#live.get(address);
    if (!live) throw new Error(`no instance at ${address}`);
    return live;
  }

  /** Chains are as long as they are, so consequences are queued and not called. */
  #later(step: () => void): void {
    this.#work.push(step);
  }

  #drain(): void {
    if (this.#working) return;
    this.#working = true;
    try {
      for (let i = 0; i < this.#work.length; i += 1) this.#work[i]?.();
    } finally {
      this.#work.length = 0;
      this.#working = false;
    }
  }
}

function suffixOf(keys: readonly string[]): string {
  return keys.length > 0 ? `[${keys.join(',')}]` : '';
}

function valueOf(output: Output | undefined): unknown {
  if (!output) return undefined;
  if ('value' in output) return output.value;
  return [...output.items].map(({ value }) => value);
}

function rowsOf(live: Live): Item[] {
  return [...live.rows].flatMap(([key, row]) => ('value' in row ? [{ key, value: row.value }] : []));
}

function walk(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
