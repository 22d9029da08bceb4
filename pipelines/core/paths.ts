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

/** The nodes of one longest way through the graph, first to last, and its length in seconds. */
export function criticalPath(
  graph: Graph,
  secondsOf: (address: string) => number,
): { path: string[]; seconds: number } {
  const directed = directedOf(graph);
  const longest = secondsToEnd(graph, secondsOf);
  const starts = directed.filterNodes((address) => directed.inDegree(address) === 0);
  const path: string[] = [];
  for (
    let next = furthest(starts, longest);
    next !== undefined;
    next = furthest(directed.outNeighbors(next), longest)
  ) {
    path.push(next);
  }
  return { path, seconds: longest.get(path[0] ?? '') ?? 0 };
}

function furthest(addresses: readonly string[], longest: ReadonlyMap<string, number>): string | undefined {
  return [...addresses].sort((a, b) => (longest.get(b) ?? 0) - (longest.get(a) ?? 0) || (a < b ? -1 : 1))[0];
}
