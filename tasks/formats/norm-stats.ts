import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, Problem } from '../../cache/problem.ts';
import { readJson } from '../core/artifact.ts';

/** Statistics of one feature, per dimension. */
export interface FeatureStats {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** 1 % and 99 % quantile. */
  readonly q01?: readonly number[] | undefined;
  readonly q99?: readonly number[] | undefined;
}

const Numbers = z.array(z.number());
const File = z.object({
  norm_stats: z.record(
    z.string(),
    z.object({ mean: Numbers, std: Numbers, q01: Numbers.nullish(), q99: Numbers.nullish() }),
  ),
});

/** Reads openpi's `norm_stats.json`: quantiles may be absent or null, keys that are not its own are ignored. */
export async function readNormStats(path: string): Promise<Record<string, FeatureStats>> {
  const { norm_stats } = await readJson(path, File).catch((cause: unknown) => {
    throw new Problem('not-norm-stats', `${path} is no norm_stats.json: ${messageOf(cause)}`, { cause });
  });
  const features = Object.entries(norm_stats).map(([name, { mean, std, q01, q99 }]) => {
    return [name, { mean, std, ...(q01 ? { q01 } : {}), ...(q99 ? { q99 } : {}) }];
  });
  return Object.fromEntries(features) as Record<string, FeatureStats>;
}

/** Writes them as openpi does: keys in the order given, two-space indent, no newline at the end. */
export async function writeNormStats(path: string, stats: Readonly<Record<string, FeatureStats>>): Promise<void> {
  await writeFile(path, normStatsText(stats));
}

export function normStatsText(stats: Readonly<Record<string, FeatureStats>>): string {
  const features = Object.entries(stats).map(([name, { mean, std, q01, q99 }]) => {
    const lists = Object.entries({ mean, std, q01, q99 }).filter(([, values]) => values !== undefined);
    const lines = lists.map(([key, values]) => `      "${key}": ${numbers(`${name}.${key}`, values ?? [])}`);
    return `    ${JSON.stringify(name)}: {\n${lines.join(',\n')}\n    }`;
  });
  return `{\n  "norm_stats": {\n${features.join(',\n')}\n  }\n}`;
}

function numbers(name: string, values: readonly number[]): string {
  return `[\n${values.map((value) => `        ${written(name, value)}`).join(',\n')}\n      ]`;
}

/** With a decimal point where a reader might take the number for an integer. */
function written(name: string, value: number): string {
  if (!Number.isFinite(value)) {
    throw new Problem('value-not-finite', `The statistics ${name} hold ${value}, which JSON cannot hold.`);
  }
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}
