import type { Digest } from '../../../cache/digest.ts';
import { type Recipe, recipeDifference } from '../../../cache/recipe.ts';
import type { Records } from '../../../cache/records.ts';
import type { NodeState } from '../../log/state.ts';

/** A node in an earlier and a later run; one of them when the other has nothing like it. */
export type Pair =
  | readonly [was: NodeState, is: NodeState]
  | readonly [was: NodeState, is: undefined]
  | readonly [was: undefined, is: NodeState];

/** So many recipes are compared with each other at most, for one task. */
const mostComparisons = 40_000;

/**
 * Which node of one run is which of the other: the same recipe first, then the same label, then of the same task and item the
 * one with the fewest differences. Never by position: in a sweep the same node may stand anywhere.
 */
export async function pairNodes(
  before: Iterable<NodeState>,
  after: Iterable<NodeState>,
  records: Pick<Records, 'getMany'>,
): Promise<Pair[]> {
  const left = { before: new Set(before), after: new Set(after) };
  const order = [...left.after];
  const partners = new Map<NodeState, NodeState>();
  const take = (was: NodeState, is: NodeState): void => {
    partners.set(is, was);
    left.before.delete(was);
    left.after.delete(is);
  };
  for (const name of [({ fingerprint }: NodeState) => fingerprint, labelOf]) {
    for (const [was, is] of sameName(left, name)) take(was, is);
  }
  for (const [was, is] of await mostAlike(left, records)) take(was, is);
  const gone = [...left.before].map((was): Pair => [was, undefined]);
  return [
    ...order.map((is): Pair => {
      const was = partners.get(is);
      return was ? [was, is] : [undefined, is];
    }),
    ...gone,
  ];
}

interface Left {
  readonly before: ReadonlySet<NodeState>;
  readonly after: ReadonlySet<NodeState>;
}

/** Undefined for numbered ones: a number is a position. */
function labelOf({ label }: NodeState): string | undefined {
  return /~\d+/.test(label) ? undefined : label;
}

function sameName({ before, after }: Left, nameOf: (node: NodeState) => string | undefined): [NodeState, NodeState][] {
  const byName = groupBy([...before], nameOf);
  return [...after].flatMap((is): [NodeState, NodeState][] => {
    const name = nameOf(is);
    const was = name === undefined ? undefined : byName.get(name)?.shift();
    return was ? [[was, is]] : [];
  });
}

/** Of the same task for the same item of a list, as a name. */
function sortOf({ task, address }: NodeState): string {
  return `${task}${/\[.*\]$/.exec(address)?.[0] ?? ''}`;
}

async function mostAlike(
  { before, after }: Left,
  records: Pick<Records, 'getMany'>,
): Promise<[NodeState, NodeState][]> {
  const bySort = groupBy([...before], sortOf);
  const groups = [...groupBy([...after], sortOf)].map(([sort, there]) => [bySort.get(sort) ?? [], there] as const);
  const pairs: [NodeState, NodeState][] = [];
  for (const [here, there] of groups) {
    if (here.length === 1 && there.length === 1) pairs.push([here[0] as NodeState, there[0] as NodeState]);
    else if (here.length * there.length <= mostComparisons) pairs.push(...(await byDifferences(here, there, records)));
  }
  return pairs;
}

async function byDifferences(
  here: readonly NodeState[],
  there: readonly NodeState[],
  records: Pick<Records, 'getMany'>,
): Promise<[NodeState, NodeState][]> {
  const [from, to] = await Promise.all([withRecipes(here, records), withRecipes(there, records)]);
  const compared = from.flatMap(([was, old]) =>
    to.map(([is, recipe]) => ({ was, is, count: recipeDifference(old, recipe).length })),
  );
  const taken = new Set<NodeState>();
  return compared
    .toSorted((a, b) => a.count - b.count)
    .flatMap(({ was, is }): [NodeState, NodeState][] => {
      if (taken.has(was) || taken.has(is)) return [];
      taken.add(was).add(is);
      return [[was, is]];
    });
}

async function withRecipes(
  nodes: readonly NodeState[],
  records: Pick<Records, 'getMany'>,
): Promise<(readonly [NodeState, Recipe])[]> {
  const known = nodes.filter(({ fingerprint }) => fingerprint !== undefined);
  const found = await records.getMany(known.map(({ fingerprint }) => fingerprint as Digest));
  return known.flatMap((node, i) => {
    const recipe = found[i]?.recipe;
    return recipe ? [[node, recipe] as const] : [];
  });
}

function groupBy<N, K>(nodes: readonly N[], nameOf: (node: N) => K): Map<K, N[]> {
  const groups = new Map<K, N[]>();
  for (const node of nodes) {
    const name = nameOf(node);
    const group = groups.get(name);
    if (group) group.push(node);
    else groups.set(name, [node]);
  }
  return groups;
}
