const size = 624;
const shift = 397;

/**
 * NumPy's legacy `RandomState(seed)`, as far as PushT draws from it: MT19937 with Knuth's initialiser, bounded integers by
 * masked rejection, Gaussians by the polar method. Same seed, same numbers as upstream.
 */
export class LegacyRandom {
  readonly #state = new Uint32Array(size);
  #next = size;
  #spareGaussian: number | undefined;

  /** `seed`: an integer in [0, 2^32). */
  constructor(seed: number) {
    const state = this.#state;
    state[0] = seed >>> 0;
    for (let i = 1; i < size; i += 1) {
      const previous = state[i - 1] as number;
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** An integer, uniform in [low, high). */
  integer(low: number, high: number): number {
    const largest = high - low - 1;
    let mask = largest;
    for (let bits = 1; bits < 32; bits *= 2) mask |= mask >>> bits;
    for (;;) {
      const drawn = (this.#word() & mask) >>> 0;
      if (drawn <= largest) return low + drawn;
    }
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.#word() >>> 5;
    const low = this.#word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Standard normal. Pairs are drawn at once; the second of the pair comes out first. */
  gaussian(): number {
    const spare = this.#spareGaussian;
    if (spare !== undefined) {
      this.#spareGaussian = undefined;
      return spare;
    }
    for (;;) {
      const x1 = 2 * this.uniform() - 1;
      const x2 = 2 * this.uniform() - 1;
      const squared = x1 * x1 + x2 * x2;
      if (squared >= 1 || squared === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
      this.#spareGaussian = factor * x1;
      return factor * x2;
    }
  }

  #word(): number {
    if (this.#next === size) this.#refill();
    let y = this.#state[this.#next] as number;
    this.#next += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #refill(): void {
    const state = this.#state;
    for (let i = 0; i < size; i += 1) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % size] as number) & 0x7fffffff);
      state[i] = (state[(i + shift) % size] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}
