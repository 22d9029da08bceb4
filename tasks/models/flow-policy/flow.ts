import { layoutOf, type Slot } from '../flow/layout.ts';
import type { Architecture } from './architecture.ts';
import { actionWidth, featureWidth } from './features.ts';

/** Numbers that the network takes for one sample: the noisy chunk, what is observed, the flow time. */
export function inputWidth({ horizon, obsSteps, timeFeatures }: Architecture): number {
  return horizon * actionWidth + featureWidth(obsSteps) + timeFeatures;
}

/** The weights of the network for this architecture, in the order of the forward pass. */
export function layoutFor(architecture: Architecture): Slot[] {
  return layoutOf(architecture, inputWidth(architecture), architecture.horizon * actionWidth);
}
