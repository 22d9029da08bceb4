import type { Random } from '../../models/random.ts';

/** An integer in [0, `below`). */
export function integer({ uniform }: Random, below: number): number {
  return Math.floor(uniform() * below);
}

export function between({ uniform }: Random, low: number, high: number): number {
  return low + uniform() * (high - low);
}

export function choice<T>(random: Random, options: readonly [T, ...T[]]): T {
  return options[integer(random, options.length)] ?? options[0];
}

/** About normal: mean 0, variance 1, never beyond 3.5; a sum, because logarithms differ between machines. */
export function noise({ uniform }: Random): number {
  return (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3);
}
