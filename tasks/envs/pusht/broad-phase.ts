/** A box of the world: [left, top, right, bottom], top being the smaller y. */
export type Box = Float64Array;

/** Inner nodes have two children; leaves have a shape (its index) instead. */
interface TreeNode {
  readonly box: Box;
  parent: TreeNode | undefined;
  a: TreeNode | undefined;
  b: TreeNode | undefined;
  readonly shape: number;
  /** The update in which the leaf last moved within the tree. */
  stamp: number;
  /** Leaves whose grown boxes overlap this one's, newest first. */
  pairs: Pair[];
}

interface Pair {
  readonly a: TreeNode;
  readonly b: TreeNode;
}

/** Grown boxes reach this share of the shape's size further, or the way of this many seconds at the body's velocity. */
const margin = Math.fround(0.1);

/**
 * Chipmunk's tree of bounding boxes, for the one thing about it that a result depends on: the order in which pairs of shapes
 * are visited. Impulses are applied pair after pair, ten times over, so where the pusher touches both parts of the tee
 * the order moves the tee. (In one of the 206 recorded demonstrations: by 17 units in a step, when visited the other way round.)
 *
 * Leaves sit in the tree with grown boxes and move only when the shape leaves its grown box.
 */
export class BroadPhase {
  #root: TreeNode | undefined;
  readonly #leaves: TreeNode[] = [];
  #fixedRoot: TreeNode | undefined;
  #stamp = 0;

  /** `fixed`: boxes of shapes that never move; their indices follow those of the moving ones, whose boxes are `moving`. */
  constructor(moving: readonly Box[], fixed: readonly Box[]) {
    for (const [i, box] of fixed.entries()) {
      this.#fixedRoot = insert(this.#fixedRoot, newLeaf(moving.length + i, box, this.#stamp));
      this.#stamp += 1;
    }
    for (const [shape, box] of moving.entries()) {
      const leaf = newLeaf(shape, grow(box, 0, 0, new Float64Array(4)), this.#stamp);
      this.#leaves.push(leaf);
      this.#root = insert(this.#root, leaf);
      this.#visitLeaf(leaf, ignore);
      this.#stamp += 1;
    }
  }

  /** Takes in where a moving shape is now. Call for each moving shape, then `visitPairs` once. */
  update(shape: number, box: Box, vx: number, vy: number): void {
    const leaf = this.#leaves[shape] as TreeNode;
    if (contains(leaf.box, box)) return;
    grow(box, vx, vy, leaf.box);
    this.#root = insert(remove(this.#root as TreeNode, leaf), leaf);
    for (const pair of leaf.pairs) {
      const other = pair.a === leaf ? pair.b : pair.a;
      other.pairs = other.pairs.filter((kept) => kept !== pair);
    }
    leaf.pairs = [];
    leaf.stamp = this.#stamp;
  }

  /** Visits each pair of shapes that may touch, once. */
  visitPairs(visit: (shape: number, other: number) => void): void {
    this.#visitTree(this.#root as TreeNode, visit);
    this.#stamp += 1;
  }

  #visitTree(node: TreeNode, visit: (shape: number, other: number) => void): void {
    if (node.a === undefined || node.b === undefined) return this.#visitLeaf(node, visit);
    this.#visitTree(node.a, visit);
    this.#visitTree(node.b, visit);
  }

  #visitLeaf(leaf: TreeNode, visit: (shape: number, other: number) => void): void {
    if (leaf.stamp !== this.#stamp) {
      for (const pair of leaf.pairs) if (pair.b === leaf) visit(pair.a.shape, leaf.shape);
      return;
    }
    if (this.#fixedRoot !== undefined) search(this.#fixedRoot, leaf, false, visit);
    for (let node = leaf; node.parent !== undefined; node = node.parent) {
      const { a, b } = node.parent;
      if (node === a) search(b as TreeNode, leaf, true, visit);
      else search(a as TreeNode, leaf, false, visit);
    }
  }
}

function ignore(): void {}

/** Pairs a leaf that moved with the leaves below `node`. Those `later` in the walk will visit the pair themselves. */
function search(node: TreeNode, leaf: TreeNode, later: boolean, visit: (shape: number, other: number) => void): void {
  if (!overlap(leaf.box, node.box)) return;
  if (node.a !== undefined && node.b !== undefined) {
    search(node.a, leaf, later, visit);
    search(node.b, leaf, later, visit);
    return;
  }
  if (later) {
    pairUp(leaf, node);
    return;
  }
  if (node.stamp < leaf.stamp) pairUp(node, leaf);
  visit(leaf.shape, node.shape);
}

function pairUp(a: TreeNode, b: TreeNode): void {
  const pair = { a, b };
  a.pairs.unshift(pair);
  b.pairs.unshift(pair);
}

function newLeaf(shape: number, box: Box, stamp: number): TreeNode {
  return { box, parent: undefined, a: undefined, b: undefined, shape, stamp, pairs: [] };
}

/** Puts a leaf where the boxes grow least; gives the new root of the subtree. */
function insert(subtree: TreeNode | undefined, leaf: TreeNode): TreeNode {
  if (subtree === undefined) return leaf;
  const { a, b } = subtree;
  if (a === undefined || b === undefined) return join(leaf, subtree);
  let costA = area(b.box) + mergedArea(a.box, leaf.box);
  let costB = area(a.box) + mergedArea(b.box, leaf.box);
  if (costA === costB) {
    costA = proximity(a.box, leaf.box);
    costB = proximity(b.box, leaf.box);
  }
  if (costB < costA) {
    subtree.b = insert(b, leaf);
    subtree.b.parent = subtree;
  } else {
    subtree.a = insert(a, leaf);
    subtree.a.parent = subtree;
  }
  merge(subtree.box, leaf.box, subtree.box);
  return subtree;
}

function join(a: TreeNode, b: TreeNode): TreeNode {
  const box = merge(a.box, b.box, new Float64Array(4));
  const node: TreeNode = { box, parent: undefined, a, b, shape: -1, stamp: 0, pairs: [] };
  a.parent = node;
  b.parent = node;
  return node;
}

/** Takes a leaf out; its sibling takes the place of their parent. */
function remove(root: TreeNode, leaf: TreeNode): TreeNode | undefined {
  const { parent } = leaf;
  if (parent === undefined) return undefined;
  const sibling = (parent.a === leaf ? parent.b : parent.a) as TreeNode;
  const above = parent.parent;
  sibling.parent = above;
  if (above === undefined) return sibling;
  if (above.a === parent) above.a = sibling;
  else above.b = sibling;
  for (let node: TreeNode | undefined = above; node !== undefined; node = node.parent) {
    merge((node.a as TreeNode).box, (node.b as TreeNode).box, node.box);
  }
  return root;
}

function grow([left, top, right, bottom]: Box, vx: number, vy: number, into: Box): Box {
  const x = ((right as number) - (left as number)) * margin;
  const y = ((bottom as number) - (top as number)) * margin;
  into[0] = (left as number) + Math.min(-x, vx * margin);
  into[1] = (top as number) + Math.min(-y, vy * margin);
  into[2] = (right as number) + Math.max(x, vx * margin);
  into[3] = (bottom as number) + Math.max(y, vy * margin);
  return into;
}

function contains(outer: Box, inner: Box): boolean {
  return (
    at(outer, 0) <= at(inner, 0) &&
    at(outer, 2) >= at(inner, 2) &&
    at(outer, 1) <= at(inner, 1) &&
    at(outer, 3) >= at(inner, 3)
  );
}

export function overlap(p: Box, q: Box): boolean {
  return at(p, 0) <= at(q, 2) && at(q, 0) <= at(p, 2) && at(p, 1) <= at(q, 3) && at(q, 1) <= at(p, 3);
}

function merge(p: Box, q: Box, into: Box): Box {
  into[0] = Math.min(at(p, 0), at(q, 0));
  into[1] = Math.min(at(p, 1), at(q, 1));
  into[2] = Math.max(at(p, 2), at(q, 2));
  into[3] = Math.max(at(p, 3), at(q, 3));
  return into;
}

function area(box: Box): number {
  return (at(box, 2) - at(box, 0)) * (at(box, 3) - at(box, 1));
}

function mergedArea(p: Box, q: Box): number {
  return (
    (Math.max(at(p, 2), at(q, 2)) - Math.min(at(p, 0), at(q, 0))) *
    (Math.max(at(p, 3), at(q, 3)) - Math.min(at(p, 1), at(q, 1)))
  );
}

/** Distance of the centres, by summed axes, doubled. */
function proximity(p: Box, q: Box): number {
  return Math.abs(at(p, 0) + at(p, 2) - at(q, 0) - at(q, 2)) + Math.abs(at(p, 1) + at(p, 3) - at(q, 1) - at(q, 3));
}

function at(box: Box, i: number): number {
  return box[i] as number;
}
