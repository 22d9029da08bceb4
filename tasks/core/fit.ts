import { z } from 'zod';
import { kindOf } from './artifact.ts';
import { targetOf } from './node.ts';
import { isRef, type Ref } from './ref.ts';

/**
 * What cannot fit although it does not exist yet: refs of another kind, or of another sort of value, than an input takes; one
 * line each. What cannot be told from the types alone passes, and is checked once it is there.
 */
export function misfits(type: z.ZodType, value: unknown, where: string): string[] {
  if (isRef(value)) {
    const given = typeOf(value);
    const wanted = given && sortsOf(type);
    const is = given && sortsOf(given);
    if (!wanted || !is || is.some((one) => wanted.some((other) => fits(one, other)))) return [];
    return [`${where}: expected ${inWords(wanted)}, and ${nameOf(value)} is ${inWords(is)}`];
  }
  const inner = unwrapped(type);
  if (Array.isArray(value)) {
    const element = elementOf(inner);
    return element ? value.flatMap((one, i) => misfits(element, one, `${where}.${i}`)) : [];
  }
  if (!(inner instanceof z.ZodObject) || typeof value !== 'object' || value === null) return [];
  const fields = Object.entries(inner.shape as Record<string, z.ZodType>);
  return fields.flatMap(([key, field]) =>
    Object.hasOwn(value, key) ? misfits(field, (value as Record<string, unknown>)[key], `${where}.${key}`) : [],
  );
}

/** The kind of the files that a ref stands for, where it can be told. */
export function kindOfRef(ref: Ref<unknown>): string | undefined {
  return kindOf(typeOf(ref))?.name;
}

/** What a value is, as far as its type says. */
interface Sort {
  readonly is: 'kind' | 'list' | 'record' | 'number' | 'text' | 'boolean';
  readonly kind?: string | undefined;
  /** Undefined when the items may be anything. */
  readonly of?: readonly Sort[] | undefined;
}

function fits(given: Sort, wanted: Sort): boolean {
  if (given.is !== wanted.is || given.kind !== wanted.kind) return false;
  const [from, to] = [given.of, wanted.of];
  return !from || !to || from.some((one) => to.some((other) => fits(one, other)));
}

/** What a value of this type may be; undefined when it may be anything, or is made from something else. */
function sortsOf(type: z.ZodType): readonly Sort[] | undefined {
  const kind = kindOf(type);
  if (kind) return [{ is: 'kind', kind: kind.name }];
  const inner = unwrapped(type);
  if (inner !== type) return sortsOf(inner);
  if (inner instanceof z.ZodArray) return [{ is: 'list', of: sortsOf(inner.element as z.ZodType) }];
  if (inner instanceof z.ZodObject) return [{ is: 'record' }];
  if (inner instanceof z.ZodUnion) {
    const all = inner.options.map((option) => sortsOf(option as z.ZodType));
    return all.every((sorts) => sorts !== undefined) ? all.flat() : undefined;
  }
  if ('coerce' in inner.def && inner.def.coerce === true) return undefined;
  const plain = { number: 'number', string: 'text', boolean: 'boolean' } as const;
  return inner.type in plain ? [{ is: plain[inner.type as keyof typeof plain] }] : undefined;
}

/** The type without what makes it optional, gives it a default or only marks it. */
function unwrapped(type: z.ZodType): z.ZodType {
  const wraps =
    type instanceof z.ZodOptional ||
    type instanceof z.ZodNullable ||
    type instanceof z.ZodDefault ||
    type instanceof z.ZodPrefault ||
    type instanceof z.ZodReadonly;
  return wraps && !kindOf(type) ? unwrapped(type.def.innerType as z.ZodType) : type;
}

function elementOf(type: z.ZodType | undefined): z.ZodType | undefined {
  const inner = type && unwrapped(type);
  return inner instanceof z.ZodArray ? (inner.element as z.ZodType) : undefined;
}

/** The type of what a ref points at, where it can be told. */
function typeOf(ref: Ref<unknown>): z.ZodType | undefined {
  const { node, output, keys } = targetOf(ref);
  return keys.reduce<z.ZodType | undefined>(fieldOf, typeOfNode(node, output));
}

function typeOfNode(node: ReturnType<typeof targetOf>['node'], output: string | undefined): z.ZodType | undefined {
  switch (node.type) {
    case 'call':
      return node.spec.outputs[output ?? ''];
    case 'filter':
      return typeOf(node.list);
    case 'item':
      return elementOf(typeOf(node.of));
    case 'each': {
      const body = isRef(node.body) ? typeOf(node.body) : undefined;
      return body && z.array(body);
    }
    case 'service':
      return undefined;
  }
}

function fieldOf(type: z.ZodType | undefined, key: string): z.ZodType | undefined {
  if (!type) return undefined;
  const kind = kindOf(type);
  if (kind) return key === 'meta' ? kind.meta : undefined;
  const inner = unwrapped(type);
  return inner instanceof z.ZodObject ? (inner.shape as Record<string, z.ZodType>)[key] : undefined;
}

function nameOf(ref: Ref<unknown>): string {
  const { node, output, keys } = targetOf(ref);
  if (node.type === 'call') return `"${[output, ...keys].join('.')}" of ${node.spec.name}`;
  return node.type === 'item' ? `an item of ${nameOf(node.of)}` : 'what is made of a list';
}

function inWords(sorts: readonly Sort[]): string {
  return sorts.map(sortInWords).join(' or ');
}

function sortInWords({ is, kind, of }: Sort): string {
  if (is === 'kind') return `an artifact of kind "${kind}"`;
  if (is === 'list') return of ? `a list of ${inWords(of).replace(/^an? /, '')}` : 'a list';
  return { record: 'a record', number: 'a number', text: 'a text', boolean: 'true or false' }[is];
}
