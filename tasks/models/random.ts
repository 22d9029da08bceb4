/** Seeded random numbers. The same key gives the same numbers on every machine. */
export interface Random {
  /** The next integer in [0, 2^32). */
  readonly uint32: () => number;
  /** The next number in [0, 1), with 32 random bits. */
  readonly uniform: () => number;
}

/**
 * Chris Doty-Humphrey's "sfc32" (public domain), seeded by all integers of `key`, for example seed, purpose, step.
 *
 * Numbers that belong to a step are drawn from a generator of that step, so what a step sees never depends on how the
 * training got there.
 */
export function randomOf(...key: readonly number[]): Random {
  let hash = 0x243f6a88; // pi, as in Blowfish: any constant does
  for (const part of key) hash = mix((hash ^ part) + 0x9e3779b9);
  let [a, b, c, counter] = [mix(hash + 1), mix(hash + 2), mix(hash + 3), 1];
  const uint32 = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i += 1) uint32(); // the first numbers still resemble the key
  return { uint32, uniform: () => uint32() / 2 ** 32 };
}

/** Fills with independent numbers of mean 0 and variance 1, by the method of Box and Muller. */
export function fillGaussian(values: Float32Array, { uint32 }: Random): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((uint32() + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * uint32()) / 2 ** 32;
    values[i] = radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = radius * Math.sin(angle);
  }
}

/** The integers 0 to `count` - 1 in random order (Fisher and Yates). */
export function permutation(count: number, { uniform }: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last -= 1) {
    const drawn = Math.floor(uniform() * (last + 1));
    const held = order[last] as number;
    order[last] = order[drawn] as number;
    order[drawn] = held;
  }
  return order;
}

/** SplitMix32's finalizer. */
function mix(value: number): number {
  let z = value ^ (value >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return z ^ (z >>> 15);
}
