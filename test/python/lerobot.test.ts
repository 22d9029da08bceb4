import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import type { Episode } from '../../tasks/formats/lerobot-dataset/read.ts';
import { framesOf } from '../../tasks/formats/lerobot-dataset/frames.ts';
import { imageStats, writeDataset } from '../../tasks/formats/lerobot-dataset/write.ts';
import { png } from '../support/png.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { cameraEpisode, cameraFeatures, imageSize, sceneFrames, videoSize } from '../support/tiny-cameras.ts';
import { withoutFfmpeg } from '../tasks/formats/video/frames.ts';

const scripts = join(packageRoot(), 'test/python');
const fps = 10;

const readers = [
  { version: 'v2.1', variable: 'STET_LEROBOT_PYTHON_V21', packages: 'lerobot==0.3.3' },
  { version: 'v3.0', variable: 'STET_LEROBOT_PYTHON_V30', packages: 'lerobot==0.4.4' },
] as const;

for (const { version, variable, packages } of readers) {
  test(`LeRobot computes the statistics of images that we compute, ${version}`, {
    skip: missing(variable, packages),
  }, async (t) => {
    const folder = tempFolder(t);
    const [length, size] = [130, { width: 322, height: 182 }];
    const stats = imageStats({ length, ...size });
    let frame = 0;
    for (const rgb of sceneFrames(length, { ...size, start: 0, tint: 200 })) {
      stats.add(frame, rgb);
      writeFileSync(join(folder, `${String(frame).padStart(6, '0')}.png`), png(rgb, size));
      frame += 1;
    }
    const { quantiles, ...ours } = stats.total();
    const expected: Record<string, readonly number[]> = { ...ours, count: [ours.count] };
    if (version === 'v3.0') Object.assign(expected, quantiles);
    const { stdout } = await execa(process.env[variable] ?? '', [join(scripts, 'lerobot_stats.py'), folder]);
    const theirs = JSON.parse(stdout) as Record<string, number[]>;
    assert.deepEqual(Object.keys(theirs).sort(), Object.keys(expected).sort());
    if (version === 'v3.0') delete theirs.std; // LeRobot 0.4.4 squares 8-bit values in 8 bits, and gets 0 or so
    for (const [name, values] of Object.entries(theirs)) {
      values.forEach((value, channel) => {
        const difference = Math.abs(value - (expected[name]?.[channel] ?? NaN));
        assert.ok(difference < 1e-9, `${name} of channel ${channel}: ${value}, ours ${expected[name]?.[channel]}`);
      });
    }
  });

  for (const codec of ['h264', 'av1'] as const) {
    const skip = missing(variable, packages) || withoutFfmpeg(codec === 'av1' ? 'libsvtav1' : 'libx264');
    test(`LeRobot reads every item of ${version} as it was written, ${codec}`, { skip }, async (t) => {
      const root = tempFolder(t);
      const lengths = [6, 1, 9, 4];
      const episodes: Episode[] = [];
      for (const [index, length] of lengths.entries()) {
        episodes.push(await cameraEpisode(join(root, 'recordings'), { index, length, fps, codec }));
      }
      const path = join(root, 'set');
      const options = { version, fps, robotType: 'test', features: cameraFeatures, videoFileMegabytes: 0.02 };
      await writeDataset(path, options, episodes);
      const expected = join(root, 'expected.json');
      writeFileSync(expected, JSON.stringify(await describe(path, episodes, join(root, 'raw'))));
      const { stdout } = await execa(process.env[variable] ?? '', [join(scripts, 'lerobot_read.py'), path, expected], {
        env: { HF_HOME: join(root, 'home') },
      });
      const found = JSON.parse(stdout.split('\n').at(-1) ?? '') as { items: number; windows: number };
      assert.deepEqual([found.items, found.windows], [20, 20]);
    });
  }
}

function missing(variable: string, packages: string): string | false {
  if (process.env[variable]) return false;
  return `set ${variable} to a Python with LeRobot: python3 -m venv V && V/bin/pip install ${packages}`;
}

/** What the script is to find. */
async function describe(path: string, episodes: readonly Episode[], folder: string) {
  mkdirSync(folder);
  const described = [];
  for (const episode of episodes) {
    const { index, length, columns, strings = {} } = episode;
    const videos: Record<string, object> = {};
    for (const key of Object.keys(episode.videos ?? {})) {
      const file = join(folder, `${key}-${index}.rgb`);
      for await (const { rgb } of framesOf(episode, key)) appendFileSync(file, rgb);
      videos[key] = { path: file, ...videoSize };
    }
    const image = join(folder, `wrist-${index}.rgb`);
    for (const rgb of sceneFrames(length, { ...imageSize, start: index * 13, tint: 90 })) appendFileSync(image, rgb);
    described.push({
      index,
      length,
      task: episode.tasks[0],
      columns: Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [name, rowsOf(values as Float32Array, length)]),
      ),
      strings,
      images: { 'observation.images.wrist': { path: image, ...imageSize } },
      videos,
    });
  }
  return { fps, episodes: described, stats: statsOf(path) };
}

function rowsOf(values: Float32Array, length: number): number[][] {
  const width = values.length / length;
  return Array.from({ length }, (_, row) => [...values.subarray(row * width, (row + 1) * width)]);
}

/** Version 2.1 has none of the whole dataset: there, LeRobot's own sum of the episodes is not compared. */
function statsOf(path: string): unknown {
  const file = join(path, 'meta/stats.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}
