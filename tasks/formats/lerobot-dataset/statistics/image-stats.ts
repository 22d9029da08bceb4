import { Problem } from '../../../../cache/problem.ts';
import { type FeatureStats, type QuantileName, quantileNames } from '../schema/feature-stats.ts';
import { histogramQuantiles } from './stats.ts';

/** Gathers the statistics of one camera in one episode. */
export interface ImageStats {
  /** Whether the frame at this position is one of those that count; the others need not be decoded for this. */
  readonly wants: (frameIndex: number) => boolean;
  /** Takes a frame, [height, width, 3] RGB; a frame that does not count is ignored. Nothing of its memory is kept. */
  readonly add: (frameIndex: number, rgb: Uint8Array) => void;
  /** Three channels, values in [0, 1]; `count` is the number of frames that counted. */
  readonly total: () => FeatureStats;
}

const channels = 3;

/**
 * Statistics of the images of an episode of `length` frames, as upstream takes them: of some frames, evenly spaced, and
 * of every k-th pixel where images are large.
 *
 * Exact over these pixels: each channel is a count of 256 values. Source: `compute_stats.py` of LeRobot 0.3.3 and 0.4.4.
 */
export function imageStats({ length, width, height }: { length: number; width: number; height: number }): ImageStats {
  const missing = new Set(sampledFrames(length));
  const [frameCount, step] = [missing.size, pixelStep(width, height)];
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  const [red, green, blue] = counts as [Float64Array, Float64Array, Float64Array];
  return {
    wants: (frameIndex) => missing.has(frameIndex),
    add: (frameIndex, rgb) => {
      if (rgb.length !== width * height * channels) {
        throw new Problem(
          'frame-size',
          `Frame ${frameIndex} has ${rgb.length} bytes; ${width} x ${height} RGB pixels are ${width * height * channels}.`,
        );
      }
      if (!missing.delete(frameIndex)) return;
      for (let row = 0; row < height; row += step) {
        const end = (row + 1) * width * channels;
        for (let at = row * width * channels; at < end; at += step * channels) {
          (red[rgb[at] as number] as number) += 1;
          (green[rgb[at + 1] as number] as number) += 1;
          (blue[rgb[at + 2] as number] as number) += 1;
        }
      }
    },
    total: () => {
      if (missing.size === 0) return statsOfCounts(counts, frameCount);
      throw new Problem('frames-lost', `Statistics of ${length} frames lack frame ${Math.min(...missing)}.`);
    },
  };
}

/** n = max(min(100, length), min(length^0.75, 10000)) positions from the first frame to the last, halves to even. */
export function sampledFrames(length: number): number[] {
  const count = Math.max(Math.min(100, length), Math.min(Math.trunc(length ** 0.75), 10_000));
  if (count < 2) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => roundHalfToEven((i * (length - 1)) / (count - 1)));
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** Images of 300 pixels or more on their larger side count with about 150 pixels there. */
function pixelStep(width: number, height: number): number {
  const larger = Math.max(width, height);
  return larger < 300 ? 1 : Math.trunc(larger / 150);
}

const brightest = 255;
const levels = Float64Array.from({ length: brightest + 1 }, (_, level) => level);

/** `counts`: how many pixels of each channel have each of the 256 values. */
function statsOfCounts(counts: readonly Float64Array[], frameCount: number): FeatureStats {
  const channels = counts.map(statsOfChannel);
  const quantiles = quantileNames.map((name) => [name, channels.map((each) => each.quantiles[name] / brightest)]);
  return {
    min: channels.map(({ min }) => min / brightest),
    max: channels.map(({ max }) => max / brightest),
    mean: channels.map(({ mean }) => mean / brightest),
    std: channels.map(({ std }) => std / brightest),
    count: frameCount,
    quantiles: Object.fromEntries(quantiles) as Record<QuantileName, number[]>,
  };
}

function statsOfChannel(counts: Float64Array) {
  const seen = levels.filter((level) => (counts[level] as number) > 0);
  const pixels = sum(counts);
  const mean = sum(levels.map((level) => level * (counts[level] as number))) / pixels;
  const std = Math.sqrt(sum(levels.map((level) => (level - mean) ** 2 * (counts[level] as number))) / pixels);
  const [min, max] = [seen[0] as number, seen.at(-1) as number];
  const quantiles = histogramQuantiles(seen, {
    min,
    max,
    mean,
    counts: seen.map((level) => counts[level] as number),
  });
  return { min, max, mean, std, quantiles };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
