import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placeTee } from '../../../tasks/envs/pusht/geometry.ts';
import { writeDataset } from '../../../tasks/formats/lerobot-dataset/write.ts';
import type { FlowPolicySettings } from '../../../tasks/models/flow-policy/train-and-save.ts';
import { randomOf } from '../../../tasks/models/random.ts';

/** A network that a test can train in a second. */
export const tinySettings: FlowPolicySettings = {
  obsSteps: 2,
  horizon: 4,
  actionSteps: 2,
  hidden: 16,
  inner: 16,
  blocks: 1,
  timeFeatures: 4,
  steps: 120,
  saveEvery: 40,
  batchSize: 16,
  learningRate: 3e-3,
  warmupSteps: 10,
  weightDecay: 0.01,
  averageDecay: 0.99,
  maxGradientNorm: 1,
  flowSteps: 4,
  noiseScale: 1,
  mirror: true,
  seed: 1,
  backend: 'wasm',
};

/** Three short episodes in which the pusher follows its targets past a tee that stays, and their ranges. */
export async function writeTinyDemonstrations(folder: string): Promise<{ dataset: string; stats: string }> {
  const features = {
    'observation.state': { dtype: 'float32', shape: [2] },
    'observation.environment_state': { dtype: 'float32', shape: [16] },
    action: { dtype: 'float32', shape: [2] },
  };
  const random = randomOf(7);
  const length = 20;
  const episodes = [0, 1, 2].map((index) => {
    const [x, y, angle] = [150 + 200 * random.uniform(), 150 + 200 * random.uniform(), 6 * random.uniform()];
    const tee = placeTee(x, y, angle, new Float64Array(16));
    const path = Float32Array.from(
      { length: 2 * length + 2 },
      (_, i) => 100 + 10 * Math.floor(i / 2) + 50 * random.uniform(),
    );
    return {
      index,
      tasks: ['push'],
      length,
      columns: {
        'observation.state': path.slice(0, 2 * length),
        'observation.environment_state': Float32Array.from({ length: 16 * length }, (_, i) => tee[i % 16] as number),
        action: path.slice(2),
      },
    };
  });
  const [dataset, stats] = [join(folder, 'dataset'), join(folder, 'stats')];
  await writeDataset(dataset, { version: 'v3.0', fps: 10, robotType: 'none', features }, episodes);
  await mkdir(stats);
  const range = (width: number) => ({
    mean: [],
    std: [],
    min: new Array(width).fill(0),
    max: new Array(width).fill(512),
  });
  const norm_stats = { 'observation.state': range(2), 'observation.environment_state': range(16), action: range(2) };
  await writeFile(join(stats, 'norm_stats.json'), JSON.stringify({ norm_stats }));
  return { dataset, stats };
}

/** Every released file below a folder of checkpoints, in hex; what is hidden is left out. */
export async function releasedFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const released = files
    .filter(
      (file) =>
        !file
          .slice(folder.length)
          .split('/')
          .some((part) => part.startsWith('.')),
    )
    .sort();
  return Object.fromEntries(
    await Promise.all(
      released.map(async (file) => [file.slice(folder.length + 1), (await readFile(file)).toString('hex')]),
    ),
  ) as Record<string, string>;
}
