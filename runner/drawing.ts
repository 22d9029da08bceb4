import type { Graph } from '../pipelines/core/graph.ts';
import type { NodePhase, RunState } from './state.ts';

/** A graph as it is drawn: by whatever, of whatever it was made. Nodes are in dependency order. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  /** From what is needed to what needs it. */
  readonly edges: readonly (readonly [string, string])[];
}

export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  readonly type: 'call' | 'service' | 'each' | 'filter';
  /** A template, copied for every item of a list. */
  readonly perItem: boolean;
  readonly phase?: NodePhase;
}

export function drawingOf({ order }: Graph): Drawing {
  return {
    nodes: order.map(({ address, label, node, scope }) => ({
      id: address,
      label,
      type: node.type,
      perItem: scope.length > 0,
    })),
    edges: order.flatMap(({ address, needs }) => needs.map((need) => [need, address] as const)),
  };
}

/** A run's graph, with what became of each node. */
export function drawingOfPlan({ planned, nodes }: Pick<RunState, 'planned' | 'nodes'>): Drawing {
  const known = new Set(planned.map(({ address }) => address));
  return {
    nodes: planned.map(({ address, label, type, perItem }) => {
      const phase = nodes.get(address)?.phase;
      return { id: address, label, type, perItem, ...(phase ? { phase } : {}) };
    }),
    edges: planned.flatMap(({ address, needs }) =>
      needs.filter((need) => known.has(need)).map((need) => [need, address] as const),
    ),
  };
}
