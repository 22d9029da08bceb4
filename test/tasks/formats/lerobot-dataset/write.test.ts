import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Column, Episode, Feature } from '../../../../tasks/formats/lerobot-dataset/schema/dataset.ts';
import { emptyColumn } from '../../../../tasks/formats/lerobot-dataset/schema/features.ts';
import { readEpisodes } from '../../../../tasks/formats/lerobot-dataset/read.ts';
import { writeDataset } from '../../../../tasks/formats/lerobot-dataset/write.ts';
import { openParquet } from '../../../../tasks/formats/parquet/read.ts';
import { query } from '../../../support/duckdb.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { collect, tinyEpisode, tinyFeatures, writeTinyDataset } from '../../../support/tiny-dataset.ts';

const versions = ['v2.1', 'v3.0'] as const;
const options = { version: 'v3.0', fps: 10, robotType: 'test', features: tinyFeatures } as const;

for (const version of versions) {
  test(`random episodes survive writing and reading, ${version}`, async (t) => {
    const root = tempFolder(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(datasets, async ({ features, episodes }) => {
        run += 1;
        const path = join(root, String(run));
        await writeDataset(path, { version, fps: 30, robotType: 'any', features }, episodes);
        const found = await collect(readEpisodes(path, { columns: Object.keys(features) }));
        assert.deepEqual(found, episodes);
      }),
      { numRuns: 40 },
    );
  });

  test(`DuckDB reads the frames that were written, ${version}`, async (t) => {
    const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version });
    const rows = await query(
      `select "observation.state"::json, action::json, "next.reward"::double, "next.done", grip, frame_index, episode_index,
       index, task_index, timestamp::double from read_parquet('${path}/data/*/*.parquet') order by index`,
    );
    assert.equal(rows.length, 8);
    rows.forEach((row, index) => {
      const [episode, frame] = [index < 3 ? 0 : index < 4 ? 1 : 2, index < 3 ? index : index < 4 ? 0 : index - 4];
      const { length, columns } = tinyEpisode(episode, [3, 1, 4][episode] ?? 0);
      const state = (JSON.parse(String(row[0])) as number[]).map(Math.fround);
      assert.deepEqual(state, [...(columns['observation.state'] as Float32Array).slice(frame * 2, frame * 2 + 2)]);
      const action = (JSON.parse(String(row[1])) as number[][]).flat();
      assert.deepEqual(action, [...(columns.action as Float64Array).slice(frame * 6, frame * 6 + 6)]);
      assert.deepEqual(row.slice(2, 5), [
        Math.fround(frame / length),
        frame === length - 1,
        (episode * 7 + frame) % 256,
      ]);
      assert.deepEqual(row.slice(5, 9), [BigInt(frame), BigInt(episode), BigInt(index), 0n]);
      assert.equal(row[9], Math.fround(frame / 10));
    });
  });

  test(`equal episodes give equal bytes, ${version}`, async (t) => {
    const root = tempFolder(t);
    const [a, b] = [join(root, 'a'), join(root, 'b')];
    await writeTinyDataset(a, { version });
    await writeTinyDataset(b, { version });
    assert.deepEqual(contentOf(a), contentOf(b));
  });
}

test('version 2.1 has one file an episode, and its tables as JSON lines', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'), { version: 'v2.1' });
  assert.deepEqual(
    [...contentOf(path).keys()],
    [
      'data/chunk-000/episode_000000.parquet',
      'data/chunk-000/episode_000001.parquet',
      'data/chunk-000/episode_000002.parquet',
      'meta/episodes.jsonl',
      'meta/episodes_stats.jsonl',
      'meta/info.json',
      'meta/tasks.jsonl',
    ],
  );
  assert.equal(linesOf(path, 'tasks.jsonl')[0], '{"task_index":0,"task":"stack"}');
  assert.equal(linesOf(path, 'episodes.jsonl')[2], '{"episode_index":2,"tasks":["stack"],"length":4}');
  const { stats } = JSON.parse(linesOf(path, 'episodes_stats.jsonl')[0] ?? '') as { stats: Record<string, object> };
  assert.deepEqual(stats.frame_index, { min: [0], max: [2], mean: [1], std: [Math.sqrt(2 / 3)], count: [3] });
});

test('info.json of version 3.0 has the totals, the templates and every column', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  const info = JSON.parse(readFileSync(join(path, 'meta/info.json'), 'utf8')) as Record<string, unknown>;
  assert.deepEqual(
    [info.codebase_version, info.total_episodes, info.total_frames, info.total_tasks, info.fps, info.splits],
    ['v3.0', 3, 8, 1, 10, { train: '0:3' }],
  );
  const { columns } = await openParquet(join(path, 'data/chunk-000/file-000.parquet'));
  assert.deepEqual(columns, Object.keys(info.features as object));
});

test('the episode table of version 3.0 says where the frames lie, and DuckDB agrees', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  const rows = await query(
    `select episode_index, length, dataset_from_index, dataset_to_index, "stats/observation.state/count"::json,
     "stats/action/max"::json from read_parquet('${path}/meta/episodes/*/*.parquet') order by 1`,
  );
  assert.deepEqual(
    rows.map((row) => row.slice(0, 4).map(Number)),
    [
      [0, 3, 0, 3],
      [1, 1, 3, 4],
      [2, 4, 4, 8],
    ],
  );
  assert.equal(String(rows[2]?.[4]), '[4]');
  assert.deepEqual(
    (JSON.parse(String(rows[2]?.[5])) as number[][]).map((row) => row.length),
    [3, 3],
  );
});

test('the task table of version 3.0 declares the text as the index of a pandas table', async (t) => {
  const path = join(tempFolder(t), 'set');
  await writeDataset(path, options, [tinyEpisode(0, 2, ['b']), tinyEpisode(1, 2, ['a']), tinyEpisode(2, 2, ['b'])]);
  const { metadata } = await openParquet(join(path, 'meta/tasks.parquet'));
  assert.deepEqual((JSON.parse(metadata.pandas ?? '') as { index_columns: unknown }).index_columns, ['task']);
  assert.ok(
    Buffer.from(metadata['ARROW:schema'] ?? '', 'base64').includes('index_columns'),
    'Arrow readers look there',
  );
  const rows = await query(`select task_index, task from read_parquet('${path}/meta/tasks.parquet')`);
  assert.deepEqual(rows, [
    [0n, 'b'],
    [1n, 'a'],
  ]);
});

test('stats.json pools mean and deviation as if all frames were one series', async (t) => {
  const path = await writeTinyDataset(join(tempFolder(t), 'set'));
  const stats = JSON.parse(readFileSync(join(path, 'meta/stats.json'), 'utf8')) as Record<
    string,
    Record<string, number[]>
  >;
  const values = [0, 1, 2].flatMap((index) => {
    const { columns } = tinyEpisode(index, [3, 1, 4][index] ?? 0);
    return [...(columns['observation.state'] as Float32Array)].filter((_, i) => i % 2 === 1);
  });
  const mean = values.reduce((sum, value) => sum + value, 0) / 8;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 8);
  const state = stats['observation.state'] ?? {};
  assert.ok(Math.abs((state.mean?.[1] ?? 0) - mean) < 1e-9 && Math.abs((state.std?.[1] ?? 0) - std) < 1e-9);
  assert.deepEqual([state.min?.[1], state.max?.[1], state.count], [Math.min(...values), Math.max(...values), [8]]);
  assert.deepEqual(Object.keys(state).slice(5), ['q01', 'q10', 'q50', 'q90', 'q99']);
});

test('a whole mean is written so that Python reads a float', async (t) => {
  const path = join(tempFolder(t), 'set');
  await writeTinyDataset(path, { lengths: [3] });
  assert.match(
    readFileSync(join(path, 'meta/stats.json'), 'utf8'),
    /"frame_index": \{"min": \[0\], "max": \[2\], "mean": \[1\.0\]/,
  );
});

test('a full data file is followed by the next one, and reading does not notice', async (t) => {
  const path = join(tempFolder(t), 'set');
  const episodes = [0, 1, 2, 3].map((index) => tinyEpisode(index, 50));
  await writeDataset(path, { ...options, dataFileMegabytes: 0.01 }, episodes);
  const files = readdirSync(join(path, 'data/chunk-000'));
  assert.ok(files.length > 1 && files.includes('file-001.parquet'), String(files));
  const found = await collect(readEpisodes(path, { columns: Object.keys(tinyFeatures) }));
  assert.deepEqual(found, episodes);
});

test('an episode with several tasks keeps them frame by frame', async (t) => {
  for (const version of versions) {
    const path = join(tempFolder(t), version);
    const episode = { ...tinyEpisode(0, 3, ['reach', 'lift']), taskOfFrame: [0, 1, 1] };
    await writeDataset(path, { ...options, version }, [tinyEpisode(0, 2, ['lift']), episode]);
    const [, found] = await collect(readEpisodes(path, { columns: ['task_index'] }));
    assert.deepEqual(
      [found?.tasks, found?.taskOfFrame],
      [
        ['reach', 'lift'],
        [0, 1, 1],
      ],
    );
    assert.deepEqual(found?.columns.task_index, BigInt64Array.of(1n, 0n, 0n));
  }
});

test('features of a type that is not known are refused by name', async (t) => {
  const features = { ...tinyFeatures, sound: { dtype: 'audio', shape: [1] } };
  await assert.rejects(writeDataset(join(tempFolder(t), 'set'), { ...options, features }, []), {
    code: 'feature-not-supported',
    message: /not supported.*"sound" \(audio\)/,
  });
});

test('an episode that does not fit reports everything that is wrong with it', async (t) => {
  const { action: _, ...columns } = tinyEpisode(0, 3).columns;
  const wrong: Episode = {
    ...tinyEpisode(0, 3),
    tasks: [],
    columns: {
      ...columns,
      extra: new Float32Array(3),
      grip: new BigInt64Array(2),
      'next.reward': Float32Array.of(0, NaN, 1),
    },
  };
  await assert.rejects(
    writeDataset(join(tempFolder(t), 'set'), options, [tinyEpisode(0, 2), wrong]),
    (problem: Error) => {
      for (const part of [
        /Episode 1/,
        /no task/,
        /for extra/,
        /action is missing/,
        /grip has 2 numbers/,
        /reward is NaN in frame 1/,
      ]) {
        assert.match(problem.message, part);
      }
      return true;
    },
  );
});

test('a dataset without episodes, with half frames per second or onto another dataset is refused', async (t) => {
  const path = join(tempFolder(t), 'set');
  await assert.rejects(writeDataset(path, { ...options, fps: 12.5 }, [tinyEpisode(0, 2)]), { code: 'wrong-fps' });
  await assert.rejects(writeDataset(path, options, []), { code: 'no-episodes' });
  await assert.rejects(writeDataset(path, options, [tinyEpisode(0, 2)]), { code: 'output-exists' });
});

const shapes = fc.oneof(fc.constant([1]), fc.constant([3]), fc.constant([2, 2]), fc.constant([2, 1, 3]));
const feature: fc.Arbitrary<Feature> = fc.record({
  dtype: fc.constantFrom('float32', 'float64', 'int64', 'int16', 'uint32', 'bool'),
  shape: shapes,
  names: fc.constant(null),
});

const datasets = fc
  .tuple(
    fc.dictionary(fc.stringMatching(/^[a-z][a-z.]{0,8}$/), feature, { minKeys: 1, maxKeys: 4 }),
    fc.array(
      fc.record({ length: fc.integer({ min: 1, max: 12 }), task: fc.string({ minLength: 1 }), seed: fc.nat() }),
      {
        minLength: 1,
        maxLength: 5,
      },
    ),
  )
  .map(([given, drafts]) => {
    const features = Object.fromEntries(Object.entries(given)); // without the null prototype of `dictionary`
    const episodes = drafts.map(({ length, task, seed }, index): Episode => {
      const columns = Object.entries(features).map(([name, each], i) => [name, filled(each, length, seed + i)]);
      return { index, tasks: [task], length, columns: Object.fromEntries(columns) as Record<string, Column> };
    });
    return { features, episodes };
  });

/** Values that are exact in the feature's type, negative zero and large ones among them. */
function filled(each: Feature, length: number, seed: number): Column {
  const column = emptyColumn(each, length);
  for (let i = 0; i < column.length; i += 1) {
    const value = ((seed % 1000) * 31 + i * 17) % 257;
    if (column instanceof BigInt64Array) column[i] = BigInt(each.dtype === 'int64' ? (value - 128) * 2 ** 40 : value);
    else if (column instanceof Uint8Array) column[i] = value % 2;
    else column[i] = value === 0 ? -0 : (value - 128) / 7;
  }
  return column;
}

function contentOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file), 'latin1')]));
}

function linesOf(path: string, table: string): string[] {
  return readFileSync(join(path, 'meta', table), 'utf8')
    .trimEnd()
    .split('\n');
}
