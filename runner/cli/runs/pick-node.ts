import { Problem } from '../../../cache/problem.ts';
import { nearest } from '../../../tasks/core/nearest.ts';

interface Named {
  readonly address: string;
  readonly label: string;
}

/** As many names as are helpful in a message. */
const namesShown = 12;

/** The node of a run that a person means: its address, its label, or a beginning that fits no other. */
export function pickNode<N extends Named>(name: string, nodes: readonly N[]): N {
  const exact = nodes.find(({ address }) => address === name) ?? nodes.find(({ label }) => label === name);
  if (exact) return exact;
  const fitting = nodes.filter(({ address, label }) => address.startsWith(name) || label.startsWith(name));
  if (fitting.length === 1) return fitting[0] as N;
  if (fitting.length > 1 && name !== '') {
    throw new Problem('ambiguous-node', `"${name}" fits several nodes: ${listed(fitting)}.`);
  }
  const close = nearest(
    name,
    nodes.flatMap(({ address, label }) => [label, address]),
  );
  throw new Problem('no-such-node', `There is no node "${name}"${close ? `; did you mean "${close}"?` : '.'}`, {
    hint: `The nodes are: ${listed(nodes)}.`,
  });
}

function listed(nodes: readonly Named[]): string {
  const names = nodes
    .slice(0, namesShown)
    .map(({ label }) => label)
    .join(', ');
  return nodes.length > namesShown ? `${names} and ${nodes.length - namesShown} more` : names;
}
