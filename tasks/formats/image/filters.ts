export type Filter = 'bilinear' | 'bicubic';

/** Bits behind the point of a weight: what 32 bits leave beside 8 for the pixel and 2 for sums beyond it. */
export const precisionBits = 22;

/** For each position of the result, which positions of the source count, and how much. */
export interface Coefficients {
  /** First position that counts. */
  readonly starts: Int32Array;
  /** How many count from there on. */
  readonly counts: Int32Array;
  /** `taps` for each position of the result, of which `counts` are used; fixed point, their sum is about 1. */
  readonly weights: Int32Array;
  readonly taps: number;
}

/** Weights along one axis of length `from` that becomes `to` (`precompute_coeffs` and `normalize_coeffs_8bpc` of Pillow). */
export function coefficients(from: number, to: number, filter: Filter): Coefficients {
  const { support: unitSupport, weightAt } = filters[filter];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const support = unitSupport * filterScale;
  const taps = Math.ceil(support) * 2 + 1;
  const [starts, counts] = [new Int32Array(to), new Int32Array(to)];
  const weights = new Int32Array(to * taps);
  for (let position = 0; position < to; position += 1) {
    const center = (position + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    const raw = Array.from({ length: end - start }, (_, i) => weightAt((i + start - center + 0.5) * (1 / filterScale)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    const fixed = raw.map((weight) => fixedPoint(sum === 0 ? weight : weight / sum));
    starts[position] = start;
    counts[position] = fixed.length;
    weights.set(fixed, position * taps);
  }
  return { starts, counts, weights, taps };
}

/** Rounded half away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * 2 ** precisionBits + (weight < 0 ? -0.5 : 0.5));
}

const filters: Readonly<Record<Filter, { support: number; weightAt: (distance: number) => number }>> = {
  bilinear: { support: 1, weightAt: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { support: 2, weightAt: (distance) => cubic(Math.abs(distance)) },
};

/** Keys' cubic convolution; Pillow takes -0.5 for its free parameter, other libraries -0.75. */
const sharpness = -0.5;

function cubic(x: number): number {
  if (x < 1) return ((sharpness + 2) * x - (sharpness + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * sharpness;
  return 0;
}
