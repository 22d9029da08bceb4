import type { Graph } from '../../pipelines/core/graph.ts';
import type { NodePhase } from '../log/node-phase.ts';
import type { RunState } from '../log/state.ts';
import type { Drawing } from './drawing.ts';

/** A graph, before anything became of it. */
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
  const copies = copiesByTemplate(nodes);
  const known = new Set(planned.map(({ address }) => address));
  return {
    nodes: planned.map(({ address, label, type, perItem }) => {
      const phase = perItem ? phaseOfCopies(copies.get(address) ?? []) : nodes.get(address)?.phase;
      return { id: address, label, type, perItem, phase };
    }),
    edges: planned.flatMap(({ address, needs }) =>
      needs.filter((need) => known.has(need)).map((need) => [need, address] as const),
    ),
  };
}

function copiesByTemplate(nodes: RunState['nodes']): Map<string, NodePhase[]> {
  const copies = new Map<string, NodePhase[]>();
  for (const { address, phase } of nodes.values()) {
    const [template = '', keys] = address.split('[');
    if (keys === undefined) continue;
    const known = copies.get(template);
    if (known) known.push(phase);
    else copies.set(template, [phase]);
  }
  return copies;
}

/** What became of a template is what became of all its copies, the worst first. */
function phaseOfCopies(phases: readonly NodePhase[]): NodePhase | undefined {
  if (phases.length === 0) return undefined;
  const worst = (['failed', 'skipped', 'running', 'queued', 'awaited', 'waiting', 'done'] as const).find((phase) =>
    phases.includes(phase),
  );
  return worst ?? 'cached';
}
