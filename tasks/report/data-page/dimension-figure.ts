import { binnedHistogram } from '../charts/binned-histogram.ts';
import type { Html } from '../page/html.ts';
import { figure } from '../page/layout.ts';
import { signed } from '../page/numbers.ts';
import type { Bins } from './bins.ts';

/** Statistics of one dimension. */
export interface DimensionStats {
  readonly mean: number;
  readonly std: number;
  readonly q01?: number | undefined;
  readonly q99?: number | undefined;
}

/** Values of one dimension of a feature; lines are its 1 % and 99 % quantiles, where these are known. */
export function dimensionFigure(
  title: string,
  { counts, range }: Bins,
  { unit, stats }: { unit: string; stats: DimensionStats | undefined },
): Html {
  const [low, high] = [stats?.q01, stats?.q99];
  const hasQuantiles = low !== undefined && high !== undefined;
  const marks = hasQuantiles ? [low, high].map((at) => ({ at, name: signed(at, 3) })) : [];
  const between = hasQuantiles ? `98 % of values between ${signed(low, 3)} and ${signed(high, 3)}` : 'values';
  const note = stats && `mean ${signed(stats.mean, 3)}, deviation ${signed(stats.std, 3)}`;
  const body = binnedHistogram({ counts, range, colour: 'demos', marks, xName: unit, spoken: `${title}: ${between}` });
  return figure({ title, note, body });
}
