import type { Graph } from '../../pipelines/core/graph.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import type { Tries } from '../log/tries.ts';

/** A node on its way: from the moment that it has to run until its job starts. */
export interface QueuedNode {
  readonly call: KeyedCall;
  readonly reason: string;
  readonly isForced: boolean;
  readonly attempt: number;
  readonly tries: Tries;
}

/** Where a queued node goes, and what its job gets there. */
export interface Placing {
  /** The executor's name. */
  readonly executor: string;
  /** Of the call alone. */
  readonly resources: Resources;
  /** Services that its job brings along, because it runs elsewhere than their driver. */
  readonly services: readonly KeyedCall[];
  /** Of the call and of what it brings along. */
  readonly together: Resources;
}

/** Taken for the time of a node that never ran. */
const unknownSeconds = 1;

/** What has to run and has not started: what has the longest way to the end first, as far as earlier runs tell. */
export class QueuedNodes {
  readonly #graph: Graph;
  readonly #secondsOf: (address: string) => number | undefined;
  readonly #order: ReadonlyMap<string, number>;
  /** Who makes a node at the moment, in words; of those that another run works on. */
  readonly #awaitedFrom = new Map<QueuedNode, string>();
  readonly #placings = new Map<QueuedNode, Placing>();
  #nodes: QueuedNode[] = [];
  #isSorted = true;
  #toEnd: ReadonlyMap<string, number> | undefined;

  constructor(graph: Graph, secondsOf: (address: string) => number | undefined) {
    this.#graph = graph;
    this.#secondsOf = secondsOf;
    this.#order = new Map(graph.order.map(({ address }, i) => [address, i]));
  }

  get length(): number {
    return this.#nodes.length;
  }

  get awaitsOthers(): boolean {
    return this.#awaitedFrom.size > 0;
  }

  add(node: QueuedNode): void {
    this.#nodes.push(node);
    this.#isSorted = false;
  }

  remove(node: QueuedNode): void {
    this.#nodes = this.#nodes.filter((other) => other !== node);
    this.#awaitedFrom.delete(node);
    this.#placings.delete(node);
  }

  at(address: string): QueuedNode | undefined {
    return this.#nodes.find(({ call }) => call.instance.address === address);
  }

  isAwaited(node: QueuedNode): boolean {
    return this.#awaitedFrom.has(node);
  }

  await(node: QueuedNode, owner: string): void {
    this.#awaitedFrom.set(node, owner);
  }

  /** Where a node goes, worked out once however often it waits for room. */
  placing(node: QueuedNode, work: (node: QueuedNode) => Placing): Placing {
    const placing = this.#placings.get(node) ?? work(node);
    this.#placings.set(node, placing);
    return placing;
  }

  async inOrder(): Promise<readonly QueuedNode[]> {
    if (!this.#isSorted) {
      this.#isSorted = true;
      const { secondsToEnd } = await import('../../pipelines/core/paths.ts');
      this.#toEnd ??= secondsToEnd(this.#graph, (address) => this.#secondsOf(address) ?? unknownSeconds);
      const rank = ({ call }: QueuedNode): number => this.#toEnd?.get(call.instance.of.address) ?? 0;
      const position = ({ call }: QueuedNode): number => this.#order.get(call.instance.of.address) ?? 0;
      this.#nodes.sort((a, b) => rank(b) - rank(a) || position(a) - position(b));
    }
    return [...this.#nodes];
  }
}
