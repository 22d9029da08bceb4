import { createHash } from 'node:crypto';
import { Problem } from '../../cache/problem.ts';
import {
  type EachNode,
  type ItemNode,
  mapRefs,
  type Node,
  refsIn,
  type Target,
  targetOf,
} from '../../tasks/core/node.ts';
import type { Ref } from '../../tasks/core/ref.ts';
import { labelsFor } from './labels.ts';
import { refuseEmptyBody } from './wanted.ts';

export type WorkNode = Exclude<Node, ItemNode>;

/** A node of a graph. Identical calls are one node. */
export interface GraphNode {
  /** The task's name, numbered where there are several; the same on every rebuild. */
  readonly address: string;
  /** For people: the task's name and the inputs in which calls of one task differ. */
  readonly label: string;
  readonly node: WorkNode;
  /** Addresses of the nodes that its refs point at; a ref to an item counts as its list's node. */
  readonly needs: readonly string[];
  /** The lists whose items it is copied for, outermost first; empty outside every `each`. */
  readonly scope: readonly string[];
}

/** A list that some `each` goes over. All `each` over one list share its items. */
export interface ItemSource {
  readonly id: string;
  readonly list: Ref<readonly unknown[]>;
}

export interface Graph {
  /** Dependencies first. */
  readonly order: readonly GraphNode[];
  readonly byAddress: ReadonlyMap<string, GraphNode>;
  readonly at: (node: WorkNode) => GraphNode;
  readonly sourceOf: (item: ItemNode) => ItemSource;
  readonly wanted: unknown;
  /** Changes when a node, an edge or a wanted name does; not with the code of tasks. */
  readonly digest: string;
}

/** The nodes that the wanted refs reach. Throws `item-outside-each` when an item is used where it has no value. */
export function buildGraph(wanted: unknown): Graph {
  const tracing = new Tracing();
  for (const ref of refsIn(wanted)) tracing.visit(targetOf(ref).node);
  for (const ref of refsIn(wanted)) tracing.refuseItem(targetOf(ref));
  return tracing.finish(wanted);
}

interface Draft {
  address: string;
  node: WorkNode;
  needs: string[];
  scope: string[];
}

class Tracing {
  readonly #drafts: Draft[] = [];
  readonly #byKey = new Map<string, Draft>();
  readonly #byNode = new Map<Node, Draft>();
  readonly #owners = new Map<ItemNode, EachNode>();
  readonly #sources = new Map<ItemNode, ItemSource>();
  readonly #rank = new Map<string, number>();
  readonly #specs = new Map<unknown, number>();
  readonly #counts = new Map<string, number>();
  /** Being visited, outermost first. */
  readonly #openEach: EachNode[] = [];

  /** Depth first without recursion: chains of ten thousand nodes are normal. */
  visit(start: Node): void {
    const stack: { node: Node; children: Iterator<Node> }[] = [];
    const open = new Set<Node>();
    const push = (node: Node): void => {
      if (this.#byNode.has(node) || open.has(node)) return;
      if (node.type === 'each') {
        refuseEmptyBody(node.body);
        this.#owners.set(node.item, node);
        this.#openEach.push(node);
      }
      open.add(node);
      stack.push({ node, children: this.#childrenOf(node)[Symbol.iterator]() });
    };
    push(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { value, done } = top.children.next();
      if (!done) {
        push(value);
        continue;
      }
      stack.pop();
      open.delete(top.node);
      if (top.node.type === 'each') this.#openEach.pop();
      if (top.node.type === 'item') this.#nameItem(top.node);
      else this.#intern(top.node);
    }
  }

  refuseItem({ node }: Target): void {
    if (node.type === 'item' || (this.#byNode.get(node)?.scope.length ?? 0) > 0) {
      throw new Problem('item-outside-each', 'An item of a list is wanted outside the `each` that it belongs to.', {
        hint: 'Return it from the body of `each`; the result of `each` is the list of what its body returns.',
      });
    }
  }

  finish(wanted: unknown): Graph {
    const labels = labelsFor(this.#drafts);
    const order: GraphNode[] = this.#drafts.map((draft, i) => ({ ...draft, label: labels[i] ?? draft.address }));
    const byAddress = new Map(order.map((node) => [node.address, node]));
    const at = (node: WorkNode): GraphNode => {
      const found = byAddress.get(this.#byNode.get(node)?.address ?? '');
      if (!found)
        throw new Problem(
          'bug',
          'A ref points outside its graph: this is a mistake in the framework, please report it.',
        );
      return found;
    };
    return {
      order,
      byAddress,
      at,
      sourceOf: (item) => this.#sourceOf(item),
      wanted,
      digest: this.#digest(wanted),
    };
  }

  #childrenOf(node: Node): Node[] {
    const nodes = (structure: unknown): Node[] => refsIn(structure).map((ref) => targetOf(ref).node);
    if (node.type === 'item') return nodes(this.#owner(node).list);
    if (node.type === 'filter') return nodes(node.list);
    if (node.type === 'each') return [...nodes(node.list), node.item, ...nodes(node.body)];
    return nodes(node.inputs);
  }

  #owner(item: ItemNode): EachNode {
    const owner = this.#owners.get(item);
    if (owner) return owner;
    throw new Problem('item-outside-each', 'An item of a list is used outside the `each` that it belongs to.', {
      hint: 'Use it inside the body of `each` only.',
    });
  }

  #nameItem(item: ItemNode): void {
    const each = this.#owner(item);
    const { list } = each;
    let id = `item of ${this.#refKey(list)}`;
    // Two items of one list in one body are two choices: every pair of them, not the same item twice.
    while (
      this.#openEach.some(
        (outer) => outer !== each && this.#sources.get(outer.item)?.id === id && reaches(each, outer.item),
      )
    ) {
      id = `another ${id}`;
    }
    if (!this.#rank.has(id)) this.#rank.set(id, this.#rank.size);
    this.#sources.set(item, { id, list });
  }

  #sourceOf(item: ItemNode): ItemSource {
    const source = this.#sources.get(item);
    if (!source)
      throw new Problem('item-outside-each', 'An item of a list is used outside the `each` that it belongs to.');
    return source;
  }

  #intern(node: WorkNode): void {
    const key = this.#keyOf(node);
    const known = this.#byKey.get(key);
    if (known) {
      this.#byNode.set(node, known);
      return;
    }
    const draft: Draft = {
      address: this.#address(node),
      node,
      needs: [...new Set(this.#childrenOf(node).flatMap((child) => this.#needed(child)))],
      scope: this.#scopeOf(node),
    };
    this.#drafts.push(draft);
    this.#byKey.set(key, draft);
    this.#byNode.set(node, draft);
  }

  #needed(child: Node): string[] {
    if (child.type !== 'item') return [this.#byNode.get(child)?.address ?? ''];
    return this.#needed(targetOf(this.#sourceOf(child).list).node);
  }

  #scopeOf(node: WorkNode): string[] {
    const scope = new Set<string>();
    const add = (child: Node): void => {
      if (child.type !== 'item') {
        for (const id of this.#byNode.get(child)?.scope ?? []) scope.add(id);
        return;
      }
      const { id, list } = this.#sourceOf(child);
      add(targetOf(list).node);
      scope.add(id);
    };
    for (const child of this.#childrenOf(node)) add(child);
    if (node.type === 'each') {
      // The own item is bound by this node, unless the same list is also gone over further out.
      scope.delete(this.#sourceOf(node.item).id);
    }
    return [...scope].sort((a, b) => (this.#rank.get(a) ?? 0) - (this.#rank.get(b) ?? 0));
  }

  #keyOf(node: WorkNode): string {
    const text = (structure: unknown): string =>
      JSON.stringify(mapRefs(structure, (ref) => ({ '@': this.#refKey(ref) }))) ?? 'undefined';
    if (node.type === 'each') return `each ${this.#refKey(node.list)} ${text(node.body)}`;
    if (node.type === 'filter') return `filter ${this.#refKey(node.list)} ${this.#number(node.keep)}`;
    return `${node.type} ${this.#number(node.spec)} ${text(node.inputs)}`;
  }

  #refKey(ref: Ref<unknown>): string {
    const { node, output, keys } = targetOf(ref);
    const of = node.type === 'item' ? this.#sourceOf(node).id : (this.#byNode.get(node)?.address ?? '?');
    return [of, output ?? '', ...keys].join('.');
  }

  #number(thing: unknown): number {
    const known = this.#specs.get(thing);
    if (known !== undefined) return known;
    this.#specs.set(thing, this.#specs.size);
    return this.#specs.size - 1;
  }

  #address(node: WorkNode): string {
    const name = 'spec' in node ? node.spec.name : node.type;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count === 1 ? name : `${name}~${count}`;
  }

  #digest(wanted: unknown): string {
    const hash = createHash('sha256');
    for (const { address, needs } of this.#drafts) hash.update(`${address}<${needs.join(',')}\n`);
    hash.update(JSON.stringify(mapRefs(wanted, (ref) => ({ '@': this.#refKey(ref) }))));
    return `sha256:${hash.digest('hex')}`;
  }
}

/** Whether the body of an `each` uses an item, at any depth. */
function reaches(each: EachNode, item: ItemNode): boolean {
  const seen = new Set<Node>();
  const stack: Node[] = refsIn(each.body).map((ref) => targetOf(ref).node);
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node === item) return true;
    if (seen.has(node) || node.type === 'item') continue;
    seen.add(node);
    const parts = node.type === 'each' ? [node.list, node.body] : node.type === 'filter' ? [node.list] : [node.inputs];
    stack.push(...refsIn(parts).map((ref) => targetOf(ref).node));
  }
  return false;
}
