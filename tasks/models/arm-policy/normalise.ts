import { join } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import { NormStatsFile } from '../../kinds/norm-stats.ts';

/** What a feature's numbers are mapped from, per dimension. */
export interface Quantiles {
  readonly q01: readonly number[];
  readonly q99: readonly number[];
}

/** Statistics of states and actions out of an assets folder of openpi. */
export async function readQuantiles(
  assets: string,
  { assetId, width }: { assetId: string; width: number },
): Promise<{ state: Quantiles; actions: Quantiles }> {
  const file = join(assets, assetId, 'norm_stats.json');
  const { norm_stats: stats } = await readJson(file, NormStatsFile);
  const quantiles = (name: string): Quantiles => {
    const { q01, q99 } = stats[name] ?? {};
    // Released statistics may be padded to the width of the model.
    if (q01 && q99 && q01.length >= width && q99.length >= width) return { q01, q99 };
    throw new Problem('stats-missing', `${file} has no q01 and q99 of ${width} numbers for "${name}".`);
  };
  return { state: quantiles('state'), actions: quantiles('actions') };
}

/** pi05's quantile normalisation, in place: q01 becomes -1, q99 becomes 1, without clipping (src/openpi/transforms.py). */
export function normalise(rows: Float32Array, width: number, { q01, q99 }: Quantiles): void {
  for (let i = 0; i < rows.length; i += 1) {
    const [low, high] = [q01[i % width] as number, q99[i % width] as number];
    rows[i] = (((rows[i] as number) - low) / (high - low + 1e-6)) * 2 - 1;
  }
}

/** The inverse, in float64, of rows of `width` numbers. */
export function unnormalised(rows: Float32Array, width: number, { q01, q99 }: Quantiles): Float64Array {
  return Float64Array.from(rows, (value, i) => {
    const [low, high] = [q01[i % width] as number, q99[i % width] as number];
    return ((value + 1) / 2) * (high - low + 1e-6) + low;
  });
}
