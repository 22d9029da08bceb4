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
/** Around everything, in pixels; a template's second frame sticks out by 4. */
const margin = 8;

/** Places a graph in layers from top to bottom: pages scroll that way, and labels are wide. */
export function layOut({ nodes, edges }: Drawing): Placed {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 16, ranksep: 30 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, label, perItem } of nodes) {
    const characters = Math.min(label.length, longestLabel) + (perItem ? 2 : 0);
    graph.setNode(id, { width: characters * pixelsPerCharacter + 24, height: nodeHeight });
  }
  for (const [from, to] of edges) graph.setEdge(from, to);
  dagre.layout(graph);

  type Box = Point & { width: number; height: number };
  return framed(
    nodes.map((node) => ({ ...node, ...(graph.node(node.id) as Box) })),
    graph.edges().map((edge: { v: string; w: string }) => (graph.edge(edge) as { points: Point[] }).points),
  );
}

/** Moves everything to the origin. Dagre's own frame leaves out edges that run around the nodes. */
function framed(nodes: readonly PlacedNode[], edges: readonly (readonly Point[])[]): Placed {
  const xs = [...nodes.flatMap(({ x, width }) => [x - width / 2, x + width / 2]), ...edges.flat().map(({ x }) => x)];
  const ys = [...nodes.flatMap(({ y, height }) => [y - height / 2, y + height / 2]), ...edges.flat().map(({ y }) => y)];
  const [left, right] = extent(xs);
  const [top, bottom] = extent(ys);
  const moved = <P extends Point>(point: P): P => ({ ...point, x: point.x - left + margin, y: point.y - top + margin });
  return {
    width: Math.ceil(right - left + 2 * margin),
    height: Math.ceil(bottom - top + 2 * margin),
    nodes: nodes.map(moved),
    edges: edges.map((points) => points.map(moved)),
  };
}

/** By a loop, because a spread of many thousand arguments overflows the stack. */
function extent(values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 0];
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}
