import { type Architecture, layoutOf, type Slot } from './architecture.ts';
import { actionWidth, featureWidth } from './features.ts';

/** Numbers that the network takes for one sample: the noisy chunk, what is observed, the flow time. */
export function inputWidth({ horizon, obsSteps, timeFeatures }: Architecture): number {
  return horizon * actionWidth + featureWidth(obsSteps) + timeFeatures;
}

/** The weights of the network for this architecture, in the order of the forward pass. */
export function layoutFor(architecture: Architecture): Slot[] {
  return layoutOf(architecture, inputWidth(architecture), architecture.horizon * actionWidth);
}

/** Sines and cosines of the flow time, in [0, 1], at frequencies that grow geometrically from half a turn to 32 turns. */
export function writeTime(time: number, count: number, into: Float32Array, at: number): void {
  const half = Math.floor(count / 2);
  for (let i = 0; i < half; i += 1) {
    const angle = Math.PI * time * 64 ** (half > 1 ? i / (half - 1) : 0);
    into[at + i] = Math.sin(angle);
    into[at + half + i] = Math.cos(angle);
  }
}
