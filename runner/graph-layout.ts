import dagre from '@dagrejs/dagre';
import type { Drawing, DrawnNode } from './drawing.ts';

export interface Placed {
  /** Of the whole, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly (readonly Point[])[];
}

export interface PlacedNode extends DrawnNode {
  /** Of the centre. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of a label at 12 px in a common sans-serif face; generous, because a label must never touch its frame. */
const pixelsPerCharacter = 7;
const nodeHeight = 30;
export const longestLabel = 40;

/** Places a graph in layers from top to bottom: pages scroll that way, and labels are wide. */
export function layOut({ nodes, edges }: Drawing): Placed {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 16, ranksep: 30, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, label, perItem } of nodes) {
    const characters = Math.min(label.length, longestLabel) + (perItem ? 2 : 0);
    graph.setNode(id, { width: characters * pixelsPerCharacter + 24, height: nodeHeight });
  }
  for (const [from, to] of edges) graph.setEdge(from, to);
  dagre.layout(graph);

  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes.map((node) => ({ ...node, ...(graph.node(node.id) as Point & { width: number; height: number }) })),
    edges: graph.edges().map((edge: { v: string; w: string }) => (graph.edge(edge) as { points: Point[] }).points),
  };
}
