/** Quantiles that version 3.0 keeps, by name. */
export const quantileShares = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const;
export type QuantileName = keyof typeof quantileShares;
export const quantileNames = Object.keys(quantileShares) as QuantileName[];

/** Statistics of one feature over frames, per dimension (row-major). `std` is the population one. */
export interface FeatureStats {
  readonly min: number[];
  readonly max: number[];
  readonly mean: number[];
  readonly std: number[];
  /** Frames. */
  readonly count: number;
  readonly quantiles: Readonly<Record<QuantileName, number[]>>;
}

/** Statistics as a dataset has them: version 2.1 keeps no quantiles, and not every version 3.0 does. */
export type RecordedStats = Omit<FeatureStats, 'quantiles'> & Partial<Pick<FeatureStats, 'quantiles'>>;
