import type { FeatureStats } from '../formats/norm-stats.ts';

export interface Asked {
  readonly stateFeatures: readonly string[];
  readonly actionFeature: string;
  readonly horizon: number;
  readonly deltaMask: readonly boolean[];
  readonly aloha: 'pi' | 'as-stored';
  readonly batchSize: number;
  readonly maxFrames?: number | undefined;
  readonly exact: boolean;
}

export interface LerobotStatistics {
  readonly state: Required<FeatureStats>;
  readonly actions: Required<FeatureStats>;
  readonly frames: number;
  /** 0 where rows were not counted in batches. */
  readonly batches: number;
  readonly method: string;
}

export declare function lerobotStatistics(
  path: string,
  asked: Asked,
  onEpisode: (done: number, passes: number) => void,
): Promise<LerobotStatistics>;
