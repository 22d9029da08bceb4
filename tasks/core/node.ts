import { isArtifact } from './artifact.ts';
import { isRef, pointer, type Ref } from './ref.ts';
import type { Resources } from './resources.ts';
import type { ServiceSpec, TaskSpec } from './spec.ts';

/** Options of one call. None of them is part of a fingerprint. */
export interface CallOptions {
  label?: string;
  resources?: Resources;
  /** How many times a failed node is tried again. Default 0. */
  retries?: number;
}

/** One task call. `inputs` is a structure that may hold refs at any depth. */
export interface CallNode {
  readonly type: 'call';
  readonly spec: TaskSpec;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

/** One service call; its output is an endpoint. */
export interface ServiceNode {
  readonly type: 'service';
  readonly spec: ServiceSpec;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
}

/** A template applied to every item of a list. */
export interface EachNode {
  readonly type: 'each';
  readonly list: Ref<readonly unknown[]>;
  readonly item: ItemNode;
  readonly body: unknown;
}

/** The items of a list that a predicate keeps. */
export interface FilterNode {
  readonly type: 'filter';
  readonly list: Ref<readonly unknown[]>;
  readonly keep: (item: unknown) => boolean;
}

/** The parameter of an `each` body: stands for one item. */
export interface ItemNode {
  readonly type: 'item';
  /** The list whose item it is. */
  readonly of: Ref<readonly unknown[]>;
}

export type Node = CallNode | ServiceNode | EachNode | FilterNode | ItemNode;

/** Where a ref points, with the node's type. */
export interface Target {
  readonly node: Node;
  readonly output?: string;
  readonly keys: readonly string[];
}

export function targetOf(ref: Ref<unknown>): Target {
  return pointer(ref) as Target;
}

/** All refs in a structure, in reading order. Artifacts are leaves. */
export function refsIn(structure: unknown): Ref<unknown>[] {
  const refs: Ref<unknown>[] = [];
  const walk = (value: unknown): void => {
    if (isRef(value)) refs.push(value);
    else if (Array.isArray(value)) value.forEach(walk);
    else if (isPlain(value)) Object.values(value).forEach(walk);
  };
  walk(structure);
  return refs;
}

/** A copy of a structure with every ref replaced. Artifacts are leaves. */
export function mapRefs(structure: unknown, replace: (ref: Ref<unknown>) => unknown): unknown {
  if (isRef(structure)) return replace(structure);
  if (Array.isArray(structure)) return structure.map((value) => mapRefs(value, replace));
  if (!isPlain(structure)) return structure;
  return Object.fromEntries(Object.entries(structure).map(([key, value]) => [key, mapRefs(value, replace)]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isArtifact(value);
}
