import { Problem } from '../../../cache/problem.ts';
import type { Attempt } from '../../core/spec.ts';

export interface SampleRaw {
  readonly episodes: number;
  readonly meanSteps: number;
  readonly videoSize: { readonly width: number; readonly height: number };
  readonly incomplete: boolean;
  readonly seed: number;
}

export async function writeSampleRaw(_folder: string, _plan: SampleRaw, _attempt: Attempt): Promise<void> {
  throw new Problem('sample-unfinished', 'The sample is not written yet.');
}
