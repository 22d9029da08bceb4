/** Sines and cosines of the flow time, in [0, 1], at frequencies that grow geometrically from half a turn to 32 turns. */
export function writeTime(time: number, count: number, into: Float32Array, at: number): void {
  const half = Math.floor(count / 2);
  for (let i = 0; i < half; i += 1) {
    const angle = Math.PI * time * 64 ** (half > 1 ? i / (half - 1) : 0);
    into[at + i] = Math.sin(angle);
    into[at + half + i] = Math.cos(angle);
  }
}
