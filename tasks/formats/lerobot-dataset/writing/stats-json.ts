import type { Feature } from '../schema/dataset.ts';
import { nested } from './data-file.ts';
import { isInteger, statsShape } from '../schema/features.ts';
import { quantileNames, type RecordedStats } from '../schema/feature-stats.ts';

/**
 * Statistics of all features that have some as JSON text.
 *
 * Numbers are written by hand because Python tells 12 from 12.0 and JavaScript does not: a mean that happens to be whole
 * would come back as an integer array.
 */
export function statsJson(
  stats: Readonly<Record<string, RecordedStats>>,
  features: Readonly<Record<string, Feature>>,
  { quantiles }: { quantiles: boolean },
): string {
  const parts = Object.entries(features).flatMap(([name, feature]) => {
    const recorded = stats[name];
    return recorded ? [`${JSON.stringify(name)}: ${featureJson(recorded, feature, { quantiles })}`] : [];
  });
  return `{${parts.join(', ')}}`;
}

function featureJson(stats: RecordedStats, feature: Feature, { quantiles }: { quantiles: boolean }): string {
  const whole = isInteger(feature) || feature.dtype === 'bool';
  const list = (values: readonly number[], text: (value: number) => string): string =>
    nestedText(nested(values, statsShape(feature) ?? []), text);
  const parts = [
    `"min": ${list(stats.min, whole ? String : floatText)}`,
    `"max": ${list(stats.max, whole ? String : floatText)}`,
    `"mean": ${list(stats.mean, floatText)}`,
    `"std": ${list(stats.std, floatText)}`,
    `"count": [${stats.count}]`,
    ...(quantiles ? quantileNames.map((name) => `"${name}": ${list(stats.quantiles?.[name] ?? [], floatText)}`) : []),
  ];
  return `{${parts.join(', ')}}`;
}

function nestedText(values: ArrayLike<unknown>, text: (value: number) => string): string {
  // `nested` gives one row per frame; statistics are a single row, or a bare list for shape [1].
  const row = Array.isArray(values[0]) ? (values[0] as unknown[]) : Array.from(values);
  const write = (value: unknown): string =>
    Array.isArray(value) ? `[${value.map(write).join(', ')}]` : text(value as number);
  return write(row);
}

function floatText(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
