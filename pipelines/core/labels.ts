import { isArtifact } from '../../tasks/core/artifact.ts';
import { isRef } from '../../tasks/core/ref.ts';

interface Labelled {
  readonly address: string;
  readonly node:
    | {
        readonly type: 'call' | 'service';
        readonly spec: { readonly name: string };
        readonly inputs: unknown;
        readonly options: { label?: string };
      }
    | { readonly type: 'each' | 'filter' };
}

/** At most this many characters of a value stand in a label. */
const longestValue = 24;

/**
 * One readable name per node: the task's name and the plain inputs in which the calls of that task differ, as in
 * `train-act seed=1`. Calls that differ in refs only keep their numbered address.
 */
export function labelsFor(nodes: readonly Labelled[]): string[] {
  const groups = new Map<string, Map<string, string>[]>();
  const plain = nodes.map(({ node }) => ('spec' in node ? plainInputs(node.inputs) : new Map<string, string>()));
  nodes.forEach(({ node }, i) => {
    if (!('spec' in node)) return;
    const group = groups.get(node.spec.name) ?? [];
    group.push(plain[i] as Map<string, string>);
    groups.set(node.spec.name, group);
  });
  const differing = new Map([...groups].map(([name, group]) => [name, differingKeys(group)]));

  const labels = nodes.map(({ address, node }, i) => {
    if (!('spec' in node)) return address;
    if (node.options.label) return node.options.label;
    const words = (differing.get(node.spec.name) ?? []).flatMap((key) => {
      const value = plain[i]?.get(key);
      return value === undefined ? [] : [`${key}=${value}`];
    });
    return words.length > 0 ? [node.spec.name, ...words].join(' ') : address;
  });
  return numberEqual(labels, nodes);
}

function numberEqual(labels: readonly string[], nodes: readonly Labelled[]): string[] {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return labels.map((label, i) => ((counts.get(label) ?? 0) > 1 ? `${label} (${nodes[i]?.address})` : label));
}

function differingKeys(group: readonly Map<string, string>[]): string[] {
  if (group.length < 2) return [];
  const keys = [...new Set(group.flatMap((inputs) => [...inputs.keys()]))];
  return keys.filter((key) => new Set(group.map((inputs) => inputs.get(key))).size > 1);
}

function plainInputs(inputs: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (isRef(value) || isArtifact(value) || value === undefined) return;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [key, inner] of Object.entries(value)) walk(inner, path ? `${path}.${key}` : key);
      return;
    }
    if (Array.isArray(value) && value.some((inner) => typeof inner === 'object' && inner !== null)) return;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    found.set(path, text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text);
  };
  walk(inputs, '');
  return found;
}
