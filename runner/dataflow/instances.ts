import type { Graph, GraphNode, WorkNode } from '../../pipelines/core/graph.ts';
import type { Item, Output } from '../values/output.ts';
import type { Instance } from './instance.ts';

/** The item that is chosen from each list, by the list's id in the graph. */
export type Binding = ReadonlyMap<string, Item>;

/** Goes over an output that may still grow. */
export interface Listener {
  readonly output: string;
  readonly hear: (item: Item) => void;
  /** The list is whole and has these keys in this order; without keys, it never gets whole. */
  readonly close: (keys: readonly string[] | undefined) => void;
}

/** An instance with what the bookkeeping knows of it. */
export interface Live extends Instance {
  readonly binding: Binding;
  outputs: Readonly<Record<string, Output>> | undefined;
  /** Items of a stream so far, by output and key. */
  readonly released: Map<string, Map<string, Item>>;
  /** For `each` and `filter`: the list that they make, keyed as their source is. */
  readonly rows: Map<string, { value?: unknown }>;
  /** Rows that are begun and have neither a value nor a failure. */
  openRows: number;
  sourceKeys: readonly string[] | undefined;
  readonly listeners: Listener[];
}

/** All instances so far: by address, and for each node its copies. */
export class Instances {
  readonly #graph: Graph;
  readonly #byAddress = new Map<string, Live>();
  readonly #copies = new Map<string, Live[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Undefined when that instance is there already. */
  make(of: GraphNode, binding: Binding): Live | undefined {
    const keys = keysOf(of, binding);
    const suffix = suffixOf(keys);
    const address = of.address + suffix;
    if (this.#byAddress.has(address)) return undefined;
    const live: Live = {
      address,
      label: of.label + (suffix && ` ${keys.join(' ')}`),
      of,
      keys,
      stage: 'waiting',
      inputs: undefined,
      because: undefined,
      binding,
      outputs: undefined,
      released: new Map(),
      rows: new Map(),
      openRows: 0,
      sourceKeys: undefined,
      listeners: [],
    };
    this.#byAddress.set(address, live);
    const copies = this.#copies.get(of.address);
    if (copies) copies.push(live);
    else this.#copies.set(of.address, [live]);
    return live;
  }

  at(address: string): Live {
    const live = this.#byAddress.get(address);
    if (!live) throw new Error(`no instance at ${address}`);
    return live;
  }

  all(): Iterable<Live> {
    return this.#byAddress.values();
  }

  /** The instance that a ref to `node` points at, where these items are chosen. */
  provider(node: WorkNode, binding: Binding): Live | undefined {
    const of = this.#graph.at(node);
    return this.#byAddress.get(of.address + suffixOf(keysOf(of, binding)));
  }

  /** The instances of a node for the items that an instance of another is for, and for any of other lists. */
  copiesBeside(of: GraphNode, { of: other, keys }: Live): Live[] {
    if (of.scope.length === other.scope.length && of.scope.every((id, i) => id === other.scope[i])) {
      const only = this.#byAddress.get(of.address + suffixOf(keys));
      return only ? [only] : [];
    }
    const wanted = new Map(other.scope.map((id, i) => [id, keys[i]]));
    const agrees = (live: Live): boolean =>
      of.scope.every((id, i) => !wanted.has(id) || wanted.get(id) === live.keys[i]);
    return (this.#copies.get(of.address) ?? []).filter(agrees);
  }
}

function keysOf(of: GraphNode, binding: Binding): string[] {
  return of.scope.map((id) => binding.get(id)?.key ?? '?');
}

/** Keys may hold commas: of several, each is written so that no other choice of items has the same suffix. */
function suffixOf(keys: readonly string[]): string {
  if (keys.length < 2) return keys.map((key) => `[${key}]`).join('');
  return `[${keys.map((key) => key.replace(/[\\,]/g, '\\$&')).join(',')}]`;
}
