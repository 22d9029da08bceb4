import type { Graph, GraphNode } from '../../pipelines/core/graph.ts';
import { consumersOf } from './consumers.ts';
import type { Instances, Live } from './instances.ts';

/** Which services may still be asked for. */
export class WantedServices {
  readonly #graph: Graph;
  readonly #instances: Instances;
  readonly #consumers = new Map<string, readonly GraphNode[]>();

  constructor(graph: Graph, instances: Instances) {
    this.#graph = graph;
    this.#instances = instances;
  }

  /** Whether somebody who takes the service has not ended, or an open list may bring one. */
  has(service: Live): boolean {
    const consumers = this.#consumers.get(service.of.address) ?? consumersOf(this.#graph, service.of.address);
    this.#consumers.set(service.of.address, consumers);
    return consumers.some((consumer) => this.#mayWant(consumer, service));
  }

  #mayWant(consumer: GraphNode, service: Live): boolean {
    const isOpen = ({ stage }: Live): boolean => stage === 'waiting' || stage === 'ready';
    if (this.#instances.copiesBeside(consumer, service).some(isOpen)) return true;
    const lists = new Set(consumer.scope.filter((id) => !service.of.scope.includes(id)));
    if (lists.size === 0) return false;
    return this.#graph.order.some((each) => {
      if (each.node.type !== 'each' || !lists.has(this.#graph.sourceOf(each.node.item).id)) return false;
      return this.#instances.copiesBeside(each, service).some((live) => isOpen(live) && live.sourceKeys === undefined);
    });
  }
}
