/** A linear map from values to pixels. */
export type Scale = (value: number) => number;

export function scale([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  const span = to - from || 1;
  return (value) => round(start + ((value - from) / span) * (end - start));
}

/** About `count` round numbers from `low` to `high`, both ends within half a step. */
export function ticks(low: number, high: number, count: number): number[] {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const size = ([1, 2, 5, 10].find((factor) => span / (factor * power) <= count) ?? 10) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(size)));
  const first = Math.ceil(low / size - 1e-9);
  const last = Math.floor(high / size + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * size).toFixed(digits)));
}

/** Half-pixel positions are enough for a screen and keep the page small. */
export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
