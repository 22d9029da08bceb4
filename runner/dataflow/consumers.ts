import type { Graph, GraphNode } from '../../pipelines/core/graph.ts';

/** The calls that may be given the endpoint of a service: those that take it, or a list in which it stands. */
export function consumersOf(graph: Graph, service: string): GraphNode[] {
  const found = new Map<string, GraphNode>();
  const carriers = new Set([service]);
  // Dependencies stand first, so one pass reaches everything.
  for (const node of graph.order) {
    if (!node.needs.some((need) => carriers.has(need))) continue;
    if (node.node.type === 'call' || node.node.type === 'service') found.set(node.address, node);
    else carriers.add(node.address);
  }
  return [...found.values()];
}

/** The services whose endpoints a call may be given. */
export function servicesOf(graph: Graph, call: string): GraphNode[] {
  const found = new Map<string, GraphNode>();
  const seen = new Set<string>();
  const stack = [...(graph.byAddress.get(call)?.needs ?? [])];
  for (let address = stack.pop(); address !== undefined; address = stack.pop()) {
    const node = graph.byAddress.get(address);
    if (!node || seen.has(address)) continue;
    seen.add(address);
    if (node.node.type === 'service') found.set(address, node);
    else if (node.node.type !== 'call') stack.push(...node.needs);
  }
  return [...found.values()];
}
