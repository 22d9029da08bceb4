import type { Digest } from '../../cache/digest.ts';

/** What an output is declared as. */
export interface DeclaredType {
  readonly digest: Digest;
  /** What was stored is not what was given: it cannot be checked against another type. */
  readonly transforms: boolean;
}

export function digestsOf(types: Readonly<Record<string, DeclaredType>>): Record<string, string> {
  return Object.fromEntries(Object.entries(types).map(([name, { digest }]) => [name, digest]));
}
