import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { readEpisodes, readInfo } from '../../../../tasks/formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../../../tasks/formats/lerobot-dataset/write.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { collect, tinyEpisode, tinyFeatures, writeTinyDataset } from '../../../support/tiny-dataset.ts';

/** Two episodes of a real v2.1 dataset, written by upstream's tools; the numbers below were read with pyarrow. */
const real = join(packageRoot(), 'test/data/lerobot-v21-unitree-g1');

test('a real v2.1 dataset is read as pyarrow reads it', async () => {
  const [first, second] = await collect(readEpisodes(real));
  assert.deepEqual([first?.index, first?.length, second?.index, second?.length], [28, 278, 29, 221]);
  assert.deepEqual(first?.tasks, ['Pick up the yellow bottle on the table.']);
  const action = first?.columns.action as Float32Array;
  assert.ok(Math.abs(sum(action) - 2425.037624191289) < 1e-6);
  assert.deepEqual(
    [...action.slice(0, 3)],
    [-0.7672545909881592, 0.43400540947914124, -0.5612146854400635].map(Math.fround),
  );
  assert.ok(Math.abs(sum(second?.columns.action as Float32Array) - 1850.9462572044577) < 1e-6);
  assert.deepEqual([second?.columns.index?.[0], second?.columns.index?.[220]], [10_640n, 10_860n]);
});

test('a real dataset goes through both versions without loss', async (t) => {
  const { features } = await readInfo(real);
  const before = await collect(readEpisodes(real, { columns: ['observation.state', 'action'] }));
  for (const version of ['v2.1', 'v3.0'] as const) {
    const path = join(tempFolder(t), version);
    await writeDataset(path, { version, fps: 30, robotType: 'Unitree_G1_Inspire', features }, before);
    const after = await collect(readEpisodes(path, { columns: ['observation.state', 'action'] }));
    assert.deepEqual(
      after.map(({ columns, length, tasks }) => ({ columns, length, tasks })),
      before.map(({ columns, length, tasks }) => ({ columns, length, tasks })),
    );
  }
});

test('the statistics that upstream stored for the real episodes come out again, to float32', async (t) => {
  const path = join(tempFolder(t), 'set');
  const { features } = await readInfo(real);
  const episodes = await collect(readEpisodes(real, { columns: ['observation.state', 'action'] }));
  await writeDataset(path, { version: 'v2.1', fps: 30, robotType: 'x', features }, episodes);
  const [stored, found] = [statsOf(real), statsOf(path)];
  for (const episode of [0, 1]) {
    for (const feature of ['observation.state', 'action', 'timestamp']) {
      for (const stat of ['min', 'max', 'mean', 'std', 'count']) {
        const expected = stored[episode]?.[feature]?.[stat] ?? [];
        assert.ok(expected.length > 0);
        found[episode]?.[feature]?.[stat]?.forEach((value, i) =>
          assert.ok(
            Math.abs(value - (expected[i] ?? NaN)) <= 2e-6 * Math.max(1, Math.abs(value)),
            `${feature} ${stat} ${i}`,
          ),
        );
      }
    }
  }
});

for (const version of ['v2.1', 'v3.0'] as const) {
  test(`only the asked episodes and columns are read, ${version}`, async (t) => {
    const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version });
    const found = await collect(readEpisodes(path, { episodes: [2, 0], columns: ['next.done'] }));
    assert.deepEqual(
      found.map(({ index }) => index),
      [0, 2],
    );
    assert.deepEqual(found[1]?.columns, { 'next.done': Uint8Array.of(0, 0, 0, 1) });
  });

  test(`without a choice every numeric column is read, the automatic ones included, ${version}`, async (t) => {
    const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version });
    const [first] = await collect(readEpisodes(path));
    const automatic = ['timestamp', 'frame_index', 'episode_index', 'index', 'task_index'];
    assert.deepEqual(Object.keys(first?.columns ?? {}), [...Object.keys(tinyFeatures), ...automatic]);
  });

  test(`a data file that is missing is named, ${version}`, async (t) => {
    const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version });
    const file = version === 'v3.0' ? 'data/chunk-000/file-000.parquet' : 'data/chunk-000/episode_000001.parquet';
    rmSync(join(path, file));
    await assert.rejects(collect(readEpisodes(path)), (problem: Problem) => {
      assert.equal(problem.code, 'file-unreadable');
      assert.ok(problem.message.includes(file));
      return true;
    });
  });
}

test('videos are left out unless they are asked for, and then one learns where they lie', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  editInfo(path, (info) => {
    info.features['observation.images.top'] = { dtype: 'video', shape: [4, 4, 3], names: null };
    info.video_path = 'videos/{video_key}/episode_{episode_index:06d}.mp4';
  });
  assert.equal((await collect(readEpisodes(path)))[0]?.videos, undefined);
  const [, second] = await collect(readEpisodes(path, { columns: ['observation.images.top'] }));
  const file = join(path, 'videos/observation.images.top/episode_000001.mp4');
  assert.deepEqual(second?.videos, { 'observation.images.top': { path: file, stats: undefined } });
});

test('a feature of a type that is not known is a problem', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  editInfo(path, (info) => {
    info.features.sound = { dtype: 'audio', shape: [1], names: null };
  });
  await assert.rejects(collect(readEpisodes(path, { columns: ['sound'] })), { code: 'feature-not-supported' });
});

test('columns and episodes that do not exist are named', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  await assert.rejects(collect(readEpisodes(path, { columns: ['velocity'] })), {
    code: 'feature-unknown',
    hint: /action/,
  });
  await assert.rejects(collect(readEpisodes(path, { episodes: [7] })), { code: 'episode-unknown', message: /7/ });
});

test('a table that does not agree with the data is a problem', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  const table = join(path, 'meta/episodes.jsonl');
  writeFileSync(table, readFileSync(table, 'utf8').replace('"length":4', '"length":5'));
  await assert.rejects(collect(readEpisodes(path)), { code: 'frames-differ', message: /has 4 frames.*have 5/ });
});

test('a shape that does not agree with the data is a problem', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  editInfo(path, (info) => {
    info.features['observation.state'] = { dtype: 'float32', shape: [3], names: null };
  });
  await assert.rejects(collect(readEpisodes(path)), { code: 'shape-differs', message: /observation\.state/ });
});

test('a damaged file is a problem or other numbers, never a crash or a hang', { timeout: 60_000 }, async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { lengths: [20, 30, 25] });
  const files = ['data/chunk-000/file-000.parquet', 'meta/episodes/chunk-000/file-000.parquet', 'meta/info.json'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.nat(255), async (file, position, byte) => {
      const whole = readFileSync(join(path, file));
      const damaged = Buffer.from(whole);
      damaged[position % whole.length] = byte;
      writeFileSync(join(path, file), damaged);
      try {
        await collect(readEpisodes(path));
      } catch (error) {
        assert.ok(Problem.is(error), error instanceof Error ? error.stack : String(error));
      } finally {
        writeFileSync(join(path, file), whole);
      }
    }),
    { numRuns: 300 },
  );
});

test('random bytes in place of any file are a problem', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  const files = ['data/chunk-000/file-000.parquet', 'meta/episodes/chunk-000/file-000.parquet', 'meta/info.json'];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.uint8Array({ maxLength: 300 }), async (file, bytes) => {
      const whole = readFileSync(join(path, file));
      writeFileSync(join(path, file), bytes);
      await assert.rejects(collect(readEpisodes(path)), (error) => Problem.is(error));
      writeFileSync(join(path, file), whole);
    }),
    { numRuns: 100 },
  );
});

test('memory holds one row group: an early stop reads no further file', async (t) => {
  const path = join(tempFolder(t), 'set');
  const options = {
    version: 'v3.0',
    fps: 10,
    robotType: 'x',
    features: tinyFeatures,
    dataFileMegabytes: 0.01,
  } as const;
  await writeDataset(
    path,
    options,
    [0, 1, 2, 3].map((index) => tinyEpisode(index, 50)),
  );
  rmSync(join(path, 'data/chunk-000/file-001.parquet'));
  for await (const { index } of readEpisodes(path)) {
    assert.equal(index, 0);
    break;
  }
});

type EditableInfo = { features: Record<string, object>; video_path: string | null };

function editInfo(path: string, edit: (info: EditableInfo) => void): void {
  const file = join(path, 'meta/info.json');
  const info = JSON.parse(readFileSync(file, 'utf8')) as EditableInfo;
  edit(info);
  writeFileSync(file, JSON.stringify(info));
}

function statsOf(path: string): Record<string, Record<string, number[]>>[] {
  const lines = readFileSync(join(path, 'meta/episodes_stats.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { stats: Record<string, Record<string, number[]>> }).stats);
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
