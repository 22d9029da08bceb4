/**
 * How much larger than the cosine transform the output of `transform` is along each axis, without the 8 for both
 * (Arai, Agui and Nakajima 1988, "A fast DCT-SQ scheme for images").
 */
export const axisScales = [
  1, 1.3870398453221475, 1.3065629648763766, 1.1758756024193588, 1, 0.7856949583871022, 0.5411961001461971,
  0.2758993792829431,
] as const;

/** Transforms a block of 8 x 8 values in place: rows, then columns. */
export function transform(block: Float64Array): void {
  for (let row = 0; row < 64; row += 8) transformLine(block, row, 1);
  for (let column = 0; column < 8; column += 1) transformLine(block, column, 8);
}

function transformLine(block: Float64Array, first: number, stride: number): void {
  const at = (k: number): number => block[first + k * stride] as number;
  const [sum07, sum16, sum25, sum34] = [at(0) + at(7), at(1) + at(6), at(2) + at(5), at(3) + at(4)];
  const [dif07, dif16, dif25, dif34] = [at(0) - at(7), at(1) - at(6), at(2) - at(5), at(3) - at(4)];

  const [even0, even1, even2, even3] = [sum07 + sum34, sum16 + sum25, sum16 - sum25, sum07 - sum34];
  const turned = (even2 + even3) * Math.SQRT1_2;
  block[first] = even0 + even1;
  block[first + 4 * stride] = even0 - even1;
  block[first + 2 * stride] = even3 + turned;
  block[first + 6 * stride] = even3 - turned;

  const [odd0, odd1, odd2] = [dif34 + dif25, dif25 + dif16, dif16 + dif07];
  const shared = (odd0 - odd2) * 0.3826834323650898;
  const low = 0.541196100146197 * odd0 + shared;
  const high = 1.3065629648763766 * odd2 + shared;
  const middle = odd1 * Math.SQRT1_2;
  const [above, below] = [dif07 + middle, dif07 - middle];
  block[first + 5 * stride] = below + low;
  block[first + 3 * stride] = below - low;
  block[first + stride] = above + high;
  block[first + 7 * stride] = above - high;
}
