import { forEachNodeInTopologicalOrder } from 'graphology-dag';
import { directedOf } from './directed.ts';
import type { Graph } from './graph.ts';

/**
 * How long the longest way from the start of each node to the end of the graph is, in seconds. What has the longest way before
 * it goes first: so a run is no longer than its critical path where there is room for everything.
 */
export function secondsToEnd(graph: Graph, secondsOf: (address: string) => number): Map<string, number> {
  const directed = directedOf(graph);
  const order: string[] = [];
  forEachNodeInTopologicalOrder(directed, (address) => order.push(address));
  const longest = new Map<string, number>();
  for (const address of order.reverse()) {
    const after = directed.reduceOutNeighbors(address, (most, next) => Math.max(most, longest.get(next) ?? 0), 0);
    longest.set(address, secondsOf(address) + after);
  }
  return longest;
}
