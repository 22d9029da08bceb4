import { DirectedGraph } from 'graphology';
import type { Graph } from './graph.ts';

type Directed = DirectedGraph<{ label: string; type: string; task: string }>;

const known = new WeakMap<Graph, Directed>();

/** The same nodes and edges for graph algorithms and export; an edge leads from what is needed to what needs it. */
export function directedOf(graph: Graph): Directed {
  const directed = known.get(graph) ?? makeDirected(graph);
  known.set(graph, directed);
  return directed;
}

function makeDirected({ order }: Graph): Directed {
  const directed: Directed = new DirectedGraph();
  for (const { address, label, node } of order) {
    directed.addNode(address, { label, type: node.type, task: 'spec' in node ? node.spec.name : node.type });
  }
  for (const { address, needs } of order) for (const need of needs) directed.mergeEdge(need, address);
  return directed;
}
