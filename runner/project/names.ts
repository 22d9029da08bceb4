import { Problem } from '../../cache/problem.ts';
import type { Graph, GraphNode } from '../../pipelines/core/graph.ts';
import { nearest } from '../../tasks/core/nearest.ts';
import { targetOf } from '../../tasks/core/node.ts';

/** The address of the node that a person means: its address, its label, or a beginning that fits no other. */
export function findNode(graph: Graph, name: string): string {
  if (name === '') throw new Problem('no-such-node', 'The name of a node is empty.', { hint: nodesOf(graph) });
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
    hint: known ? `Did you mean "${known}"?` : nodesOf(graph),
  });
}

function nodesOf({ order }: Graph): string {
  const calls = order.filter(({ node }) => node.type === 'call' || node.type === 'service');
  return `The nodes are: ${calls.map(({ label }) => label).join(', ')}.`;
}

/** Throws `no-such-node` for names that fit none, and `force-outside` for a node to be run again that is not asked for. */
export function checkNames(
  graph: Graph,
  { until, force = [] }: { until?: string | undefined; force?: readonly string[] | undefined },
): void {
  const only = onlyUntil(graph, until);
  const outside = force.filter((name) => only?.has(findNode(graph, name)) === false);
  if (outside.length === 0) return;
  throw new Problem('force-outside', `--force names what --until ${until} does not need: ${outside.join(', ')}.`, {
    hint: 'Leave one of the two out.',
  });
}

/** The nodes that a run until one of them has; undefined for all. */
export function onlyUntil(graph: Graph, until: string | undefined): Set<string> | undefined {
  return until === undefined ? undefined : ancestorsOf(graph, findNode(graph, until));
}

/** A node and all that it needs, with the `each` around it when it is a template. */
export function ancestorsOf(graph: Graph, address: string): Set<string> {
  const found = new Set<string>();
  const around = new Set<string>();
  const stack = [address];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    const node = graph.byAddress.get(next);
    stack.push(...(node?.needs ?? []));
    for (const each of node ? enclosing(graph, node) : []) {
      around.add(each.address); // it copies the node for its items; the rest of its body is not asked for
      stack.push(...listOf(graph, each));
    }
  }
  return new Set([...found, ...around]);
}

/** Every `each` over one of the lists in a template's scope. */
function enclosing(graph: Graph, { scope }: GraphNode): GraphNode[] {
  if (scope.length === 0) return [];
  return graph.order.filter(({ node }) => node.type === 'each' && scope.includes(graph.sourceOf(node.item).id));
}

function listOf(graph: Graph, { node }: GraphNode): string[] {
  if (node.type !== 'each') return [];
  const { node: list } = targetOf(node.list);
  return list.type === 'item' ? [] : [graph.at(list).address]; // an item's own list is in the scope too
}
