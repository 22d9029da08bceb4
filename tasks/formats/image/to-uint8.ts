/** Colours in [0, 1] as bytes, as openpi's `convert_to_uint8`: 255 times as much, in float32, cut to whole numbers. */
export function toUint8(colours: Float32Array): Uint8Array {
  return Uint8Array.from(colours, (colour) => Math.fround(255 * colour)); // a Uint8Array cuts by itself
}
