import type { Contradiction } from '../core/contradictions.ts';

interface Preparing {
  readonly ranges?: string | undefined;
  readonly idle: Readonly<Record<string, unknown>>;
}

interface Counting {
  readonly release: '1.0.0' | '1.0.1' | undefined;
  readonly maxFrames?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Frames in a batch of `droidStats` when nobody says otherwise. */
const usualBatch = 256;

/** What of the preparation of DROID contradicts itself. */
export function prepareContradictions(
  { ranges, idle }: Preparing,
  { release, maxFrames, batchSize = usualBatch }: Counting,
): (Contradiction | undefined | false)[] {
  return [
    ranges !== undefined && unusedRule(ranges, given(idle)),
    ranges === 'released' &&
      release === '1.0.0' &&
      rangesOfOthers('release=1.0.0', 'keys of other releases are others'),
    maxFrames !== undefined &&
      maxFrames < batchSize && {
        parameters: `stats.maxFrames=${maxFrames} batchSize=${batchSize}`,
        why: 'only full batches count, and this is less than one',
        advice: `stats.maxFrames=${batchSize}, or none`,
      },
  ];
}

function unusedRule(ranges: string, rules: readonly string[]): Contradiction | undefined {
  if (rules.length === 0) return undefined;
  return {
    parameters: `ranges=${ranges} ${rules.map((name) => `idle.${name}`).join(' ')}`,
    why: 'where ranges are given, nothing is filtered',
    advice: 'leave out one or the other',
  };
}

/** The released list was made from DROID 1.0.1. */
export function rangesOfOthers(other: string, why: string): Contradiction {
  return {
    parameters: `ranges=released ${other}`,
    why: `openpi's list of ranges is of DROID 1.0.1, and ${why}`,
    advice: 'leave out `ranges`: idle frames of these data are filtered then',
  };
}

/** Names of what was given. */
export function given(parameters: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}
