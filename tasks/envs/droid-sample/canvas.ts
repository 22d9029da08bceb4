export type Colour = readonly [number, number, number];

/** [x, y] in pixels from the top left corner. */
export type PixelPosition = readonly [number, number];

/** A picture that convex polygons are painted on, without smoothed edges: [height, width, 3] RGB. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.rgb = new Uint8Array(width * height * 3);
  }

  fill(colour: Colour): void {
    this.rgb.set(colour);
    for (let done = 3; done < this.rgb.length; done *= 2) this.rgb.copyWithin(done, 0, done);
  }

  /** Takes the content of a canvas of the same size. */
  copy({ rgb }: Canvas): void {
    this.rgb.set(rgb);
  }

  /** Paints the pixels whose centres lie in the polygon. */
  paint(corners: readonly PixelPosition[], [r, g, b]: Colour): void {
    const { width, height, rgb } = this;
    let [top, bottom] = [height, 0];
    for (const [, y] of corners) {
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const last = Math.min(height - 1, Math.ceil(bottom - 0.5) - 1);
    for (let row = Math.max(0, Math.ceil(top - 0.5)); row <= last; row += 1) {
      const [left, right] = crossings(corners, row + 0.5);
      const end = Math.min(width, Math.ceil(right - 0.5));
      for (let x = Math.max(0, Math.ceil(left - 0.5)); x < end; x += 1) {
        const at = 3 * (row * width + x);
        rgb[at] = r;
        rgb[at + 1] = g;
        rgb[at + 2] = b;
      }
    }
  }
}

/** Where a row enters and leaves a convex polygon. */
function crossings(corners: readonly PixelPosition[], y: number): [number, number] {
  let [left, right] = [Infinity, -Infinity];
  let [fromX, fromY] = corners.at(-1) ?? [0, 0];
  for (const [toX, toY] of corners) {
    if (fromY <= y !== toY <= y) {
      const x = fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX);
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    [fromX, fromY] = [toX, toY];
  }
  return [left, right];
}
