/**
 * Angles in radians. Engines compute `Math.sin` and its kin as they like, to the last bit; these are sums and products
 * only, so that samples are the same on every machine. Errors stay below 1e-9.
 */

export function sine(angle: number): number {
  const turns = Math.round(angle / Math.PI);
  const rest = angle - turns * Math.PI;
  const square = rest * rest;
  let sum = 0;
  for (const coefficient of sineSeries) sum = sum * square + coefficient;
  return (turns % 2 === 0 ? 1 : -1) * rest * sum;
}

export function cosine(angle: number): number {
  return sine(angle + Math.PI / 2);
}

/** Of the direction from the origin to (x, y), in (-pi, pi]. */
export function direction(y: number, x: number): number {
  const [longer, shorter] = Math.abs(x) >= Math.abs(y) ? [Math.abs(x), Math.abs(y)] : [Math.abs(y), Math.abs(x)];
  if (longer === 0) return 0;
  const acute = arcTangent(shorter / longer);
  const inQuadrant = Math.abs(x) >= Math.abs(y) ? acute : Math.PI / 2 - acute;
  const above = x >= 0 ? inQuadrant : Math.PI - inQuadrant;
  return y >= 0 ? above : -above;
}

export function arcCosine(value: number): number {
  const clipped = Math.min(1, Math.max(-1, value));
  return direction(Math.sqrt(1 - clipped * clipped), clipped);
}

/** For a ratio in [0, 1]: two halvings of the angle, then the series. */
function arcTangent(ratio: number): number {
  let small = ratio;
  for (let halving = 0; halving < 2; halving += 1) small /= 1 + Math.sqrt(1 + small * small);
  const square = small * small;
  let sum = 0;
  for (const coefficient of arcTangentSeries) sum = sum * square + coefficient;
  return 4 * small * sum;
}

/** (-1)^k / (2k + 1)!, highest first; for angles up to a right one. */
const sineSeries = Array.from({ length: 9 }, (_, k) => 8 - k).map((k) => {
  let factorial = 1;
  for (let i = 2; i <= 2 * k + 1; i += 1) factorial *= i;
  return (k % 2 === 0 ? 1 : -1) / factorial;
});

/** (-1)^k / (2k + 1), highest first; for ratios up to tan(pi / 16) = 0.2. */
const arcTangentSeries = Array.from({ length: 8 }, (_, k) => 7 - k).map((k) => (k % 2 === 0 ? 1 : -1) / (2 * k + 1));
