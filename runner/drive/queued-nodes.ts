import type { Graph } from '../../pipelines/core/graph.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { noTries, type Tries } from '../log/tries.ts';

/** A node on its way: from the moment that it has to run until its job starts. */
export interface QueuedNode {
  readonly call: KeyedCall;
  readonly reason: string;
  readonly forced: boolean;
  readonly attempt: number;
  readonly tries: Tries;
  /** Who makes it at the moment, in words. */
  awaitedFrom?: string;
}

/** Taken for the time of a node that never ran. */
const unknownSeconds = 1;

/** What has to run and has not started: what has the longest way to the end first, as far as earlier runs tell. */
export class QueuedNodes {
  readonly #graph: Graph;
  readonly #secondsOf: (address: string) => number | undefined;
  readonly #order: ReadonlyMap<string, number>;
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
    return this.#nodes.some(({ awaitedFrom }) => awaitedFrom !== undefined);
  }

  add(node: Pick<QueuedNode, 'call' | 'reason'> & Partial<QueuedNode>): void {
    this.#nodes.push({ forced: false, attempt: 1, tries: noTries, ...node });
    this.#isSorted = false;
  }

  remove(node: QueuedNode): void {
    this.#nodes = this.#nodes.filter((other) => other !== node);
  }

  clear(): void {
    this.#nodes = [];
  }

  at(address: string): QueuedNode | undefined {
    return this.#nodes.find(({ call }) => call.instance.address === address);
  }

  async inOrder(): Promise<readonly QueuedNode[]> {
    if (!this.#isSorted) {
      this.#isSorted = true;
      const { secondsToEnd } = await import('../../pipelines/core/paths.ts');
      this.#toEnd ??= secondsToEnd(this.#graph, (address) => this.#secondsOf(address) ?? unknownSeconds);
      const rank = ({ call }: QueuedNode): number => this.#toEnd?.get(call.instance.of.address) ?? 0;
      const place = ({ call }: QueuedNode): number => this.#order.get(call.instance.of.address) ?? 0;
      this.#nodes.sort((a, b) => rank(b) - rank(a) || place(a) - place(b));
    }
    return [...this.#nodes];
  }
}
