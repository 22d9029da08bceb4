import { Problem } from '../cache/problem.ts';
import type { Graph } from '../pipelines/core/graph.ts';
import { ancestors } from '../pipelines/core/paths.ts';
import { nearest } from '../tasks/core/nearest.ts';

/** The address of the node that a person means: its address, its label, or a beginning that fits no other. */
export function findNode(graph: Graph, name: string): string {
  const calls = graph.order.filter(({ node }) => node.type === 'call' || node.type === 'service');
  const exact = calls.filter(({ address, label }) => address === name || label === name);
  const found =
    exact.length > 0 ? exact : calls.filter(({ address, label }) => address.startsWith(name) || label.startsWith(name));
  const only = found[0];
  if (only && found.length === 1) return only.address;
  if (found.length > 1) {
    throw new Problem('ambiguous-node', `"${name}" fits several nodes: ${found.map(({ label }) => label).join(', ')}.`);
  }
  const known = nearest(
    name,
    calls.flatMap(({ address, label }) => [address, label]),
  );
  throw new Problem('no-such-node', `There is no node "${name}".`, {
    hint: known ? `Did you mean "${known}"?` : `The nodes are: ${calls.map(({ label }) => label).join(', ')}.`,
  });
}

/** A node and all that it needs, with the `each` around it when it is a template. */
export function ancestorsOf(graph: Graph, address: string): Set<string> {
  const isTemplate = (graph.byAddress.get(address)?.scope.length ?? 0) > 0;
  return ancestors(graph, isTemplate ? [address, ...enclosing(graph, address)] : [address]);
}

function enclosing(graph: Graph, address: string): string[] {
  return graph.order
    .filter(({ node, needs }) => node.type === 'each' && needs.includes(address))
    .map((each) => each.address);
}
