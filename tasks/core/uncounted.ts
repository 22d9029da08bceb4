import type { z } from 'zod';

const uncountedKey = Symbol.for('stet.uncounted');

/**
 * An input that says where to find something whose content other inputs pin, for example the dataset that holds an episode
 * which is named by its digest. It does not count: the same content elsewhere gives the same result.
 *
 * The body must check that what it finds there is what the counted inputs say. In the argument list of a program, a text of
 * this sort stands as a place, like the path of an artifact. A switch of this sort changes only what is told of the work, such as
 * a log elsewhere; it stands as off.
 */
export function uncounted<S extends z.ZodType>(type: S): S {
  const copy = type.clone() as S;
  // What kinds say of themselves stands beside the type, and clones lose it.
  for (const key of Object.getOwnPropertySymbols(type)) Object.assign(copy, { [key]: type[key as unknown as keyof S] });
  return Object.assign(copy, { [uncountedKey]: true });
}

/** Also where the type was refined, described, made optional or given a default after it was marked. */
export function isUncounted(type: unknown): boolean {
  if (typeof type !== 'object' || type === null || !('_zod' in type)) return false;
  if ((type as { [uncountedKey]?: boolean })[uncountedKey] === true) return true;
  const { parent, def } = (type as z.ZodType)._zod;
  return isUncounted(parent) || isUncounted('innerType' in def ? def.innerType : undefined);
}
