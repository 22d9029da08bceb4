import type { z } from 'zod';
import type { Digest } from '../../cache/digest.ts';
import { kindOf } from '../../tasks/core/artifact.ts';

/** What an output is declared as. */
export interface DeclaredType {
  readonly digest: Digest;
  /** What was stored is not what was given: it cannot be checked against another type. */
  readonly transforms: boolean;
}

const mark = 'transforms ';

/** As records keep it. */
export function digestsOf(types: Readonly<Record<string, DeclaredType>>): Record<string, string> {
  const all = Object.entries(types);
  return Object.fromEntries(all.map(([name, { digest, transforms }]) => [name, transforms ? mark + digest : digest]));
}

/** Whether what a record keeps is this type; older records do not say that it transforms. */
export function isDeclaredAs(kept: string | undefined, { digest }: DeclaredType): boolean {
  return kept === digest || kept === mark + digest;
}

/** Whether a value was stored by a type that transforms, as far as its record says. */
export function wasTransformed(kept: string | undefined): boolean {
  return kept?.startsWith(mark) ?? false;
}

/** Sorts of types that put another value in place of what they are given. */
const transforming: ReadonlySet<string> = new Set(['transform', 'default', 'prefault', 'catch', 'success']);

/** Whether a type, or one in it, may give another value than it was given. A check of one's own that does so shows by its values. */
export function mayTransform(type: unknown, seen = new Set<unknown>()): boolean {
  if (typeof type !== 'object' || type === null || seen.has(type) || kindOf(type)) return false;
  seen.add(type);
  if (!('_zod' in type)) return Object.values(type).some((part) => mayTransform(part, seen));
  const def: object = (type as z.ZodType)._zod.def;
  const { type: sort, check, transform } = def as { type?: string; check?: string; transform?: unknown };
  if (transforming.has(sort ?? '') || check === 'overwrite' || transform !== undefined) return true;
  if (sort === 'lazy') return mayTransform((type as z.ZodLazy)._zod.innerType, seen);
  return Object.values(def).some((part) => mayTransform(part, seen));
}
