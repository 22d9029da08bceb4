import { messageOf } from '../../cache/problem.ts';
import type { Graph, GraphNode } from '../../pipelines/core/graph.ts';
import { type EachNode, type FilterNode, targetOf } from '../../tasks/core/node.ts';
import type { Ref } from '../../tasks/core/ref.ts';
import type { Consequences } from './consequences.ts';
import type { Binding, Instances, Listener, Live } from './instances.ts';
import type { Item, Output } from '../values/output.ts';
import type { Resolver } from './resolver.ts';
import { sortedItems } from '../values/output.ts';

/** A filter whose predicate threw. */
export interface BrokenFilter {
  readonly address: string;
  readonly label: string;
  readonly message: string;
}

interface Tools {
  readonly graph: Graph;
  readonly instances: Instances;
  readonly resolver: Resolver;
  readonly consequences: Consequences;
  /** Whether the run is about this node at all. */
  readonly isIncluded: (node: GraphNode) => boolean;
  /** Makes and starts the copies of nodes for one more choice of items. */
  readonly instantiate: (nodes: readonly GraphNode[], binding: Binding) => void;
}

/** Lists whose items come one by one: outputs of tasks, and the lists that `each` and `filter` make of them. */
export class GrowingLists {
  readonly #tools: Tools;
  readonly #bodies = new Map<string, readonly GraphNode[]>();
  readonly #broken: BrokenFilter[] = [];

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  /** Starts an `each` or a `filter`. */
  start(live: Live): void {
    const { node } = live.of;
    if (node.type === 'each') this.#startEach(live, node);
    else if (node.type === 'filter') this.#startFilter(live, node);
  }

  /** One more item of a stream. An item that was released before is ignored. */
  release(live: Live, output: string, item: Item): void {
    const before = live.released.get(output) ?? new Map<string, Item>();
    if (before.has(item.key)) return;
    live.released.set(output, before.set(item.key, item));
    for (const { output: wanted, hear } of [...live.listeners]) if (wanted === output) hear(item);
  }

  /** An output is whole, and so is its list when it is one. */
  publish(live: Live, name: string, output: Output): void {
    const items =
      'items' in output ? sortedItems(output.items) : Array.isArray(output.value) ? byPlace(output.value) : undefined;
    if (!items) return;
    for (const { output: wanted, hear, close } of [...live.listeners]) {
      if (wanted !== name) continue;
      for (const item of items) hear(item);
      close(items.map(({ key }) => key));
    }
  }

  /** The lists of an instance that failed or was skipped never get whole. */
  breakOff(live: Live): void {
    for (const { close } of live.listeners) close(undefined);
  }

  takeBroken(): BrokenFilter[] {
    return this.#broken.splice(0);
  }

  #startEach(live: Live, node: EachNode): void {
    const { graph, resolver, consequences, instantiate } = this.#tools;
    const source = graph.sourceOf(node.item);
    const body = this.#bodyOf(live.of, source.id);
    this.#follow(live, node.list, (item) => {
      if (live.rows.has(item.key)) return;
      live.rows.set(item.key, {});
      live.openRows += 1;
      const binding = new Map(live.binding).set(source.id, item);
      instantiate(
        body.filter(({ scope }) => scope.every((id) => binding.has(id))),
        binding,
      );
      consequences.add(() =>
        resolver.whenResolved(node.body, binding, (resolved) => {
          if (resolved.state === 'failed') live.because = resolved.because;
          else this.#addRow(live, { key: item.key, value: resolved.value });
          live.openRows -= 1;
          this.#closeIfComplete(live);
        }),
      );
    });
  }

  /** The nodes that an `each` copies for every item, those of an inner `each` included. */
  #bodyOf(each: GraphNode, itemId: string): readonly GraphNode[] {
    const known = this.#bodies.get(each.address);
    if (known) return known;
    const { graph, isIncluded } = this.#tools;
    const inside = new Set<string>();
    const stack = [...each.needs];
    for (let address = stack.pop(); address !== undefined; address = stack.pop()) {
      const node = graph.byAddress.get(address);
      if (!node?.scope.includes(itemId) || inside.has(address)) continue;
      inside.add(address);
      stack.push(...node.needs);
    }
    const body = graph.order.filter((node) => inside.has(node.address) && isIncluded(node));
    this.#bodies.set(each.address, body);
    return body;
  }

  #startFilter(live: Live, node: FilterNode): void {
    this.#follow(live, node.list, (item) => {
      if (live.rows.has(item.key)) return;
      live.rows.set(item.key, {});
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

  /** Hands each item of a list to `hear`, those there already first, then the list's end. */
  #follow(live: Live, list: Ref<readonly unknown[]>, hear: Listener['hear']): void {
    const { instances, resolver, consequences } = this.#tools;
    const close = (keys: readonly string[] | undefined): void => {
      if (keys) live.sourceKeys = keys;
      else live.because ??= live.address;
      if (keys) consequences.add(() => this.#closeIfComplete(live));
      else consequences.add(() => live.stage === 'waiting' && this.#skip(live, this.#causeOf(list, live.binding)));
    };
    const { node, output, keys } = targetOf(list);
    const source = node.type === 'item' || keys.length > 0 ? undefined : instances.provider(node, live.binding);
    if (!source || (source.stage !== 'waiting' && source.stage !== 'ready')) {
      resolver.whenResolved(list, live.binding, (resolved) => {
        if (resolved.state === 'failed') return close(undefined);
        const items = this.#itemsOf(list, live.binding, resolved.value as readonly unknown[]);
        for (const item of items) hear(item);
        close(items.map(({ key }) => key));
      });
      return;
    }
    source.listeners.push({ output: output ?? '', hear, close });
    const known = source.of.node.type === 'call' ? (source.released.get(output ?? '')?.values() ?? []) : rowsOf(source);
    for (const item of known) hear(item);
  }

  #itemsOf(list: Ref<unknown>, binding: Binding, values: readonly unknown[]): Item[] {
    const { node, output, keys } = targetOf(list);
    if (node.type !== 'item' && keys.length === 0) {
      const stored = this.#tools.instances.provider(node, binding)?.outputs?.[output ?? ''];
      if (stored && 'items' in stored) return [...stored.items];
    }
    return byPlace(values);
  }

  #causeOf(list: Ref<unknown>, binding: Binding): string {
    const resolved = this.#tools.resolver.resolve(list, binding);
    return resolved.state === 'failed' ? resolved.because : '';
  }

  #addRow(live: Live, item: Item): void {
    live.rows.set(item.key, { value: item.value });
    for (const { hear } of [...live.listeners]) hear(item);
  }

  #closeIfComplete(live: Live): void {
    if (!live.sourceKeys || live.stage !== 'waiting' || live.openRows > 0) return;
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
    this.#tools.resolver.settle(live, 'done');
  }

  #skip(live: Live, because: string): void {
    live.because = because;
    this.breakOff(live);
    this.#tools.resolver.settle(live, 'skipped');
  }
}

/** The rows that have a value so far, in the order in which they were begun. */
function rowsOf(live: Live): Item[] {
  return [...live.rows].flatMap(([key, row]) => ('value' in row ? [{ key, value: row.value }] : []));
}

/** The items of a list without keys of its own. */
function byPlace(values: readonly unknown[]): Item[] {
  return values.map((value, i) => ({ key: String(i), value }));
}
