import { Problem } from '../../cache/problem.ts';
import type { Artifact } from './artifact.ts';
import { isAskedByMachinery } from './asked-by-machinery.ts';

declare const pointsTo: unique symbol;
const brand = Symbol.for('stet.ref');

/** Where a ref points: an output of a node (or the node itself, for lists and items), then fields of its value. */
export interface Pointer {
  /** A `Node`; `pointerOf` in `node.ts` gives it its type. */
  readonly node: { readonly type: string };
  readonly output?: string;
  readonly keys: readonly string[];
}

/**
 * A typed pointer to an output that does not exist yet.
 *
 * It is passed on and never looked into: every attempt to use it as a value throws `ref-used-as-value`.
 */
export class Ref<out T> {
  declare private readonly [pointsTo]: T;
  readonly [brand]: Pointer;

  constructor(pointer: Pointer) {
    this[brand] = pointer;
  }

  /** Applies `body` to every item of a list, each as soon as it exists. `body` is called once, with a pointer. */
  each<U, R>(this: Ref<readonly U[]>, body: (item: Ref<U>) => R): Ref<Resolved<R>[]> {
    const item = { type: 'item' as const, of: this };
    const template = body(new Ref<U>({ node: item, keys: [] }));
    return new Ref({ node: nodeOf({ type: 'each', list: this, item, body: template }), keys: [] });
  }

  /** Keeps the items for which `keep` holds. `keep` is called for each real item, as soon as it exists. */
  filter<U>(this: Ref<readonly U[]>, keep: (item: U) => boolean): Ref<U[]> {
    return new Ref({ node: nodeOf({ type: 'filter', list: this, keep }), keys: [] });
  }

  /** Points at one field of a value. */
  at<K extends keyof T>(key: K): Ref<T[K]> {
    const { node, output, keys } = this[brand];
    if (node.type === 'service') {
      throw new Problem(
        'endpoint-opened',
        `An endpoint is passed on whole, and "${String(key)}" was taken out of it.`,
        {
          hint: 'Declare the input as `endpoint`, and read its url in the task.',
        },
      );
    }
    return new Ref({ node, keys: [...keys, String(key)], ...(output === undefined ? {} : { output }) });
  }

  toString(): string {
    return refuse(this);
  }
  toJSON(): never {
    return refuse(this);
  }
  valueOf(): never {
    return refuse(this);
  }
  [Symbol.toPrimitive](): never {
    return refuse(this);
  }
  [Symbol.iterator](): never {
    return refuse(this);
  }
}

// A field of what does not exist yet would be `undefined`, and dropped in silence. What a ref has is found before this is asked.
Object.setPrototypeOf(
  Ref.prototype,
  new Proxy(Object.create(Object.prototype) as object, {
    get(target, name, asked): unknown {
      if (name in target || isAskedByMachinery(name)) return Reflect.get(target, name, asked);
      return isRef(asked)
        ? refuse(asked, `Take a field of it with .at(${JSON.stringify(name)}), or pass it to a task.`)
        : undefined;
    },
  }),
);

/** Recognises a ref made by any copy of this module, frozen ones included. */
export function isRef(value: unknown): value is Ref<unknown> {
  return typeof value === 'object' && value !== null && brand in value;
}

export function pointer(ref: Ref<unknown>): Pointer {
  return ref[brand];
}

function nodeOf<N extends { readonly type: string }>(node: N): N {
  return node;
}

function refuse(ref: Ref<unknown>, hint = 'Pass it to a task instead; decisions on results belong in a task.'): never {
  const { node, output, keys } = ref[brand];
  const task = 'spec' in node ? (node.spec as { name: string }).name : undefined;
  const what = task ? `output "${[output, ...keys].join('.')}" of ${task}` : `an item of a list`;
  throw new Problem('ref-used-as-value', `A ref was used as a value: it points at ${what}, which does not exist yet.`, {
    hint,
  });
}

/** A `T`, or a pointer to one, at any depth. */
export type OrRef<T> =
  | T
  | Ref<T>
  | (T extends Artifact<string, unknown>
      ? never
      : T extends readonly (infer U)[]
        ? readonly OrRef<U>[]
        : T extends object
          ? { readonly [K in keyof T]: OrRef<T[K]> }
          : never);

/** What a structure of pointers becomes once every pointer has a value. */
export type Resolved<R> =
  R extends Ref<infer T>
    ? T
    : R extends Artifact<string, unknown>
      ? R
      : R extends readonly (infer U)[]
        ? Resolved<U>[]
        : R extends object
          ? { -readonly [K in keyof R]: Resolved<R[K]> }
          : R;
