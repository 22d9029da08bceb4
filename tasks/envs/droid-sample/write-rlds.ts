import { Problem } from '../../../cache/problem.ts';
import type { Attempt } from '../../core/spec.ts';

export interface SampleRlds {
  readonly episodes: number;
  readonly meanSteps: number;
  readonly shards: number;
  readonly imageBytes?: number | undefined;
  readonly seed: number;
}

export async function writeSampleRlds(_folder: string, _plan: SampleRlds, _attempt: Attempt): Promise<void> {
  throw new Problem('sample-unfinished', 'The sample is not written yet.');
}
