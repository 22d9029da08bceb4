import type { Episode, Feature } from '../../tasks/formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../tasks/formats/lerobot-dataset/write.ts';

export const tinyFeatures: Readonly<Record<string, Feature>> = {
  'observation.state': { dtype: 'float32', shape: [2], names: ['x', 'y'] },
  action: { dtype: 'float64', shape: [2, 3], names: null },
  'next.reward': { dtype: 'float32', shape: [1], names: null },
  'next.done': { dtype: 'bool', shape: [1], names: null },
  grip: { dtype: 'uint8', shape: [1], names: null },
};

/** An episode with values that tell episode, frame and dimension apart. */
export function tinyEpisode(index: number, length: number, tasks: readonly string[] = ['stack']): Episode {
  return {
    index,
    tasks,
    length,
    columns: {
      'observation.state': Float32Array.from({ length: length * 2 }, (_, i) => index * 1000 + i + 0.1),
      action: Float64Array.from({ length: length * 6 }, (_, i) => index - i / 3),
      'next.reward': Float32Array.from({ length }, (_, i) => i / length),
      'next.done': Uint8Array.from({ length }, (_, i) => (i === length - 1 ? 1 : 0)),
      grip: BigInt64Array.from({ length }, (_, i) => BigInt((index * 7 + i) % 256)),
    },
  };
}

export async function writeTinyDataset(
  path: string,
  { version = 'v3.0', lengths = [3, 1, 4] }: { version?: 'v2.1' | 'v3.0'; lengths?: readonly number[] } = {},
): Promise<string> {
  const episodes = lengths.map((length, index) => tinyEpisode(index, length));
  await writeDataset(path, { version, fps: 10, robotType: 'test', features: tinyFeatures }, episodes);
  return path;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
