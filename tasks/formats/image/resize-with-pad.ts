import { type Filter, type Resize, resizer, type Size } from './resize.ts';

/**
 * Resizes images to fit into `to` with their proportions kept, in the middle of black, as openpi's `resize_with_pad` does
 * (packages/openpi-client/src/openpi_client/image_tools.py): sizes and offsets are cut to whole pixels.
 *
 * 320 x 180 in 224 x 224 is 224 x 126 below 49 black rows.
 */
export function resizeWithPad({ from, to, filter = 'bilinear' }: { from: Size; to: Size; filter?: Filter }): Resize {
  if (from.width === to.width && from.height === to.height) return (rgb) => rgb.slice();
  const ratio = Math.max(from.width / to.width, from.height / to.height);
  const fitted = { width: Math.trunc(from.width / ratio), height: Math.trunc(from.height / ratio) };
  const left = Math.trunc((to.width - fitted.width) / 2);
  const top = Math.trunc((to.height - fitted.height) / 2);
  const resize = resizer({ from, to: fitted, filter });
  return (rgb) => {
    const result = new Uint8Array(to.width * to.height * 3);
    const small = resize(rgb);
    for (let row = 0; row < fitted.height; row += 1) {
      const line = small.subarray(row * fitted.width * 3, (row + 1) * fitted.width * 3);
      result.set(line, ((top + row) * to.width + left) * 3);
    }
    return result;
  };
}
