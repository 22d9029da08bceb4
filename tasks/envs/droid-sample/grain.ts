import type { Random } from '../../models/random.ts';
import type { Canvas } from './canvas.ts';
import { noise } from './draws.ts';

const variants = 97;

/** What a sensor adds to a picture: it makes files as large as those of real scenes. */
export class Grain {
  private readonly values: Int16Array;

  /** For pictures of `pictureBytes`; `amplitude`: one standard deviation, of 255. */
  constructor(random: Random, { pictureBytes, amplitude }: { pictureBytes: number; amplitude: number }) {
    this.values = Int16Array.from({ length: pictureBytes + 3 * variants }, () => Math.round(amplitude * noise(random)));
  }

  /** Another `variant` gives another grain. */
  addTo({ rgb }: Canvas, variant: number): void {
    const from = 3 * (variant % variants);
    for (let i = 0; i < rgb.length; i += 1) {
      const value = (rgb[i] as number) + (this.values[from + i] as number);
      rgb[i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** The amplitude at which `sizeAt` is about `bytes`, to a twentieth; 0 where a picture is as large without. */
export function amplitudeFor(bytes: number, sizeAt: (amplitude: number) => number): number {
  if (sizeAt(0) >= bytes) return 0;
  let [low, high] = [0, 1];
  while (high < 64 && sizeAt(high) < bytes) [low, high] = [high, 2 * high];
  for (let halvings = 0; halvings < 5; halvings += 1) {
    const middle = (low + high) / 2;
    if (sizeAt(middle) < bytes) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
