import type { Graph, GraphNode } from '../../pipelines/core/graph.ts';
import { targetOf } from '../../tasks/core/node.ts';
import type { Ref } from '../../tasks/core/ref.ts';
import { Consequences } from './consequences.ts';
import { type BrokenFilter, GrowingLists } from './growing-lists.ts';
import type { Instance } from './instance.ts';
import { type Binding, Instances, type Live } from './instances.ts';
import { type Item, type Output, valueOf, walk } from '../values/output.ts';
import { Resolver } from './resolver.ts';
import { WantedServices } from './wanted-services.ts';

/**
 * Which nodes can run now, given what has finished, been released or failed. Pure bookkeeping: no files, no clock.
 *
 * The caller takes ready instances and answers each with `finish` or `fail` (and `release` in between); lists that grow
 * make new instances on the way. Failure skips what depends on it and nothing else.
 */
export class Dataflow {
  readonly #instances: Instances;
  readonly #resolver: Resolver;
  readonly #lists: GrowingLists;
  readonly #wantedServices: WantedServices;
  readonly #consequences = new Consequences();
  readonly #ready: Live[] = [];
  readonly #skipped: Live[] = [];

  /** `only`, when given, limits the run to these graph addresses. */
  constructor(graph: Graph, only?: ReadonlySet<string>) {
    const isIncluded = ({ address }: GraphNode): boolean => only?.has(address) ?? true;
    const consequences = this.#consequences;
    const instances = new Instances(graph);
    const resolver = new Resolver(graph, instances, consequences);
    const instantiate = this.#instantiate.bind(this);
    this.#instances = instances;
    this.#resolver = resolver;
    this.#lists = new GrowingLists({ graph, instances, resolver, consequences, isIncluded, instantiate });
    this.#wantedServices = new WantedServices(graph, instances);
    const outermost = graph.order.filter((node) => node.scope.length === 0 && isIncluded(node));
    this.#instantiate(outermost, new Map());
    consequences.drain();
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
  takeBroken(): BrokenFilter[] {
    return this.#lists.takeBroken();
  }

  finish(address: string, outputs: Readonly<Record<string, Output>>): void {
    const live = this.#instances.at(address);
    live.outputs = outputs;
    for (const [name, output] of Object.entries(outputs)) this.#lists.publish(live, name, output);
    this.#resolver.settle(live, 'done');
    this.#consequences.drain();
  }

  /** One more item of a stream. An item that was released before is ignored. */
  release(address: string, output: string, item: Item): void {
    this.#lists.release(this.#instances.at(address), output, item);
    this.#consequences.drain();
  }

  /** Whether an item was released that has another value in these outputs: a later attempt made it again, and otherwise. */
  hasReleasedOthers(address: string, outputs: Readonly<Record<string, Output>>): boolean {
    return [...this.#instances.at(address).released].some(([name, items]) => {
      const output = outputs[name];
      if (!output || !('items' in output)) return false;
      const values = new Map(output.items.map(({ key, value }) => [key, JSON.stringify(value)]));
      return [...items.values()].some(({ key, value }) => values.has(key) && values.get(key) !== JSON.stringify(value));
    });
  }

  fail(address: string): void {
    const live = this.#instances.at(address);
    this.#lists.breakOff(live);
    this.#resolver.settle(live, 'failed');
    this.#consequences.drain();
  }

  /** All call instances so far. */
  instances(): Instance[] {
    return [...this.#instances.all()].filter(({ of }) => of.node.type === 'call');
  }

  /** The value of a structure outside every `each`, or undefined when a part of it has none. */
  value(structure: unknown): unknown {
    const resolved = this.#resolver.resolve(structure, new Map());
    return resolved.state === 'value' ? resolved.value : undefined;
  }

  /** What a ref outside every `each` points at, with the keys of a list's items. */
  output(ref: Ref<unknown>): Output | undefined {
    const { node, output, keys } = targetOf(ref);
    const live = node.type === 'item' ? undefined : this.#instances.provider(node, new Map());
    const found = live?.stage === 'done' ? live.outputs?.[output ?? ''] : undefined;
    if (!found || keys.length === 0) return found;
    return { value: walk(valueOf(found), keys) };
  }

  /** What keeps a waiting instance from being ready: addresses of instances without a value. */
  missingFor(address: string): string[] {
    const live = this.#instances.at(address);
    const { node } = live.of;
    const resolved = 'inputs' in node ? this.#resolver.resolve(node.inputs, live.binding) : undefined;
    return resolved?.state === 'missing' ? [...resolved.missing] : [];
  }

  /** Whether a service may still be asked for: somebody who takes it has not ended, or an open list may bring one. */
  isWanted(address: string): boolean {
    return this.#wantedServices.has(this.#instances.at(address));
  }

  /** All are made before the first starts, so that every ref finds the instance that it points at. */
  #instantiate(nodes: readonly GraphNode[], binding: Binding): void {
    const made = nodes.flatMap((node) => this.#instances.make(node, binding) ?? []);
    for (const live of made) this.#consequences.add(() => this.#start(live));
  }

  #start(live: Live): void {
    const { node } = live.of;
    if (node.type === 'call' || node.type === 'service') this.#await(live, node.inputs);
    else this.#lists.start(live);
  }

  #await(live: Live, inputs: unknown): void {
    this.#resolver.whenResolved(inputs, live.binding, (resolved) => {
      if (resolved.state === 'failed') return this.#skip(live, resolved.because);
      live.inputs = resolved.value as Record<string, unknown>;
      live.stage = 'ready';
      this.#ready.push(live);
    });
  }

  #skip(live: Live, because: string): void {
    live.because = because;
    this.#lists.breakOff(live);
    this.#resolver.settle(live, 'skipped');
    this.#skipped.push(live);
  }
}
