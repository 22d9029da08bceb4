import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../../../cache/problem.ts';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { type Episode, type ReadOptions, readEpisodes, type Skipped } from '../../../../tasks/formats/rlds/read.ts';
import { droidFolder, golden } from '../../../support/openpi-golden.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { tinyEpisode, writeTiny } from '../../../support/tiny-rlds.ts';

const bridgeFolder = join(packageRoot(), 'test/data/rlds-bridge-octo');
const velocity = 'steps/action_dict/joint_velocity';
const image = 'steps/observation/wrist_image_left';
const language = 'steps/language_instruction';
const filePath = 'episode_metadata/file_path';

interface ExpectedEpisode {
  readonly num_steps: number;
  readonly file_path: string;
  readonly language: readonly string[];
  readonly observation: Readonly<Record<string, readonly number[]>>;
  readonly action_dict: Readonly<Record<string, readonly number[]>>;
  readonly jpeg: Readonly<Record<string, { sha256_first: string; sha256_last: string; bytes_total: number }>>;
  readonly record: { readonly shard: number; readonly example_bytes: number };
}

test('every number, text and picture of DROID-shaped episodes is read, in file order', async () => {
  const expected = golden<ExpectedEpisode[]>('droid_rlds/episodes.expected.json');
  const [first] = expected as [ExpectedEpisode];
  const observations = Object.keys(first.observation).map((name) => `steps/observation/${name}`);
  const actions = Object.keys(first.action_dict).map((name) => `steps/action_dict/${name}`);
  const cameras = Object.keys(first.jpeg).map((name) => `steps/observation/${name}`);
  const texts = [language, `${language}_2`, `${language}_3`];
  const features = [...observations, ...actions, ...cameras, filePath];
  const episodes = await all(droidFolder, { features, firstOf: texts, checkData: true });

  assert.equal(episodes.length, expected.length);
  for (const [i, episode] of episodes.entries()) {
    const wanted = expected[i] as ExpectedEpisode;
    assert.equal(episode.steps, wanted.num_steps);
    assert.equal(episode.length, wanted.record.example_bytes);
    assert.deepEqual(textOf(episode, filePath), wanted.file_path);
    assert.deepEqual(
      texts.map((name) => textOf(episode, name)),
      wanted.language,
    );
    for (const name of observations)
      assert.deepEqual([...(episode.floats[name] ?? [])], wanted.observation[last(name)]);
    for (const name of actions) assert.deepEqual([...(episode.floats[name] ?? [])], wanted.action_dict[last(name)]);
    for (const name of cameras) {
      const { sha256_first, sha256_last, bytes_total } = wanted.jpeg[last(name)] as ExpectedEpisode['jpeg'][string];
      const pictures = episode.bytes[name] ?? [];
      assert.equal(sha256(pictures[0]), sha256_first);
      assert.equal(sha256(pictures.at(-1)), sha256_last);
      assert.equal(
        pictures.reduce((sum, { length }) => sum + length, 0),
        bytes_total,
      );
    }
  }
});

test('real episodes of another dataset are read, whose val shard is missing', async () => {
  const features = ['steps/action', 'steps/is_first', 'steps/observation/image_0', 'episode_metadata/episode_id'];
  const episodes = await all(bridgeFolder, { features, firstOf: [language], checkData: true });
  assert.deepEqual(
    episodes.map(({ length, steps }) => [length, steps]),
    [
      [144644, 10],
      [139113, 10],
    ],
  );
  const [one] = episodes as [Episode];
  assert.deepEqual(
    [...(one.floats['steps/action'] ?? [])].slice(0, 7),
    [
      3.6480773957237034e-10, 3.3219260675565465e-11, 1.9691270836119656e-10, -1.8636590937148867e-7,
      -5.034904688727693e-7, 7.502791987690216e-8, 1.0,
    ],
  );
  assert.deepEqual([...(one.ints['steps/is_first'] ?? [])].map(Number), [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(one.ints['episode_metadata/episode_id'], BigInt64Array.of(5n));
  assert.equal(one.bytes['steps/observation/image_0']?.[0]?.length, 3807);
  assert.equal(textOf(one, language), 'put cup from counter or drying rack into sink');
});

test('images are never read when they were not asked for', async (t) => {
  const folder = tempFolder(t);
  await writeTiny(folder, [[tinyEpisode(1, 100, 20_000), tinyEpisode(2, 100, 20_000)]]);
  const bytes = statSync(shard(folder, 0, 1)).size;
  let read = 0;
  const options = { features: [velocity, filePath], onBytes: (count: number) => void (read += count) };
  assert.equal((await all(folder, options)).length, 2);
  assert.ok(read < 0.01 * bytes, `${read} of ${bytes} bytes`);
});

test('threads give the same episodes in the same order', async (t) => {
  const folder = tempFolder(t);
  const episodes = Array.from({ length: 70 }, (_, i) => tinyEpisode(i, 1 + (i % 5), 10));
  await writeTiny(folder, [episodes.slice(0, 40), [], episodes.slice(40)]);
  const options = { features: [velocity, image, 'steps/is_last', filePath] };
  const alone = await all(folder, options);
  assert.equal(alone.length, 70);
  assert.deepEqual(await all(folder, { ...options, workers: 3 }), alone);
});

test('numbers may be unpacked, texts empty, and an episode of one step', async (t) => {
  const folder = tempFolder(t);
  await writeTiny(folder, [[tinyEpisode(1, 1)]], false);
  const [episode] = await all(folder, { features: [velocity, 'steps/is_last', language] });
  assert.equal(episode?.steps, 1);
  assert.equal(textOf(episode, language), '');
  assert.deepEqual(episode.floats[velocity]?.[2], Math.fround(Math.sin(33)));
  assert.deepEqual(episode.ints['steps/is_last'], BigInt64Array.of(1n));
});

test('a feature that the dataset does not have is refused, with the nearest name', async () => {
  await assert.rejects(all(droidFolder, { features: ['steps/action_dict/joint_velocty'] }), {
    code: 'no-such-feature',
    message: /did you mean "steps\/action_dict\/joint_velocity"\?/,
  });
});

test('a record that lacks a feature is refused, with shard, record and byte', async (t) => {
  const folder = tempFolder(t);
  const { [velocity]: _, ...without } = tinyEpisode(2, 4);
  await writeTiny(folder, [[tinyEpisode(1, 4), without]]);
  await assert.rejects(all(folder, { features: [velocity, filePath] }), {
    code: 'feature-missing',
    message:
      /^Record 1 of droid_101-train\.tfrecord-00000-of-00001, from byte \d+: it has no feature "steps\/action_dict\/joint_velocity"\.$/,
  });
});

test('features of one record must agree on type and number of steps', async (t) => {
  const folder = tempFolder(t);
  const episode = tinyEpisode(2, 4);
  const reading = { features: [velocity, 'steps/is_last'] };
  await writeTiny(folder, [[{ ...episode, [velocity]: { float: [1, 2, 3] } }]]);
  await assert.rejects(all(folder, reading), { code: 'wrong-length', message: /has 3 values.*7 for each step/ });
  await writeTiny(folder, [[{ ...episode, [velocity]: { int: [1, 2, 3] } }]]);
  await assert.rejects(all(folder, reading), {
    code: 'wrong-type',
    message: /list of type int, where float64 is stored as float/,
  });
  await writeTiny(folder, [[{ ...episode, [velocity]: { float: Array.from({ length: 7 }, () => 0) } }]]);
  await assert.rejects(all(folder, reading), { code: 'steps-differ', message: /has 1 steps, "steps\/is_last" has 4/ });
});

test('a shard with fewer or more records than the dataset says is refused', async (t) => {
  const folder = tempFolder(t);
  await writeTiny(folder, [[tinyEpisode(1, 3), tinyEpisode(2, 3)]]);
  const path = shard(folder, 0, 1);
  const bytes = readFileSync(path);
  const end = Number(bytes.readBigUInt64LE(0)) + 16;
  truncateSync(path, end);
  await assert.rejects(all(folder, { features: [velocity] }), {
    code: 'shard-truncated',
    message: new RegExp(`^Record 1 of .*, from byte ${end}: the file ends before it, after 1 of 2 records\\.$`),
  });
  writeFileSync(path, Buffer.concat([bytes, bytes.subarray(0, end)]));
  await assert.rejects(all(folder, { features: [velocity] }), { code: 'too-many-records' });
});

test('missing shards are named all at once', async (t) => {
  const folder = tempFolder(t);
  cpSync(join(droidFolder, 'features.json'), join(folder, 'features.json'));
  cpSync(join(droidFolder, 'dataset_info.json'), join(folder, 'dataset_info.json'));
  await assert.rejects(all(folder, { features: [velocity] }), { code: 'shards-missing', message: /2 of 2 shards/ });
});

test('damaged records are skipped when asked, and each is listed', async (t) => {
  const folder = tempFolder(t);
  const six = [1, 2, 3, 4, 5, 6].map((seed) => tinyEpisode(seed, 3, 50));
  await writeTiny(folder, [six.slice(0, 3), six.slice(3)]);
  const first = readFileSync(shard(folder, 0, 2));
  const second = Number(first.readBigUInt64LE(0)) + 16;
  first[second + 40] = (first[second + 40] as number) ^ 255; // data of record 1
  writeFileSync(shard(folder, 0, 2), first);
  truncateSync(shard(folder, 1, 2), statSync(shard(folder, 1, 2)).size - 5); // record 2 of the other

  const read = async (workers: number) => {
    const skipped: Skipped[] = [];
    const onSkip = (one: Skipped) => void skipped.push(one);
    const episodes = await all(folder, { features: [velocity, filePath], checkData: true, onSkip, workers });
    return { names: episodes.map((episode) => textOf(episode, filePath).at(-15)), skipped };
  };
  const { names, skipped } = await read(1);
  assert.deepEqual(names, ['1', '3', '4', '5']);
  assert.deepEqual(
    skipped.map(({ record, records, code }) => [record, records, code]),
    [
      [1, 1, 'wrong-data-crc'],
      [2, 1, 'shard-truncated'],
    ],
  );
  assert.deepEqual(await read(2), { names, skipped });
});

test('the first damaged record stops a reading with threads, by its own problem', async (t) => {
  const folder = tempFolder(t);
  const { [velocity]: _, ...without } = tinyEpisode(2, 4);
  await writeTiny(folder, [[tinyEpisode(1, 4), without], [tinyEpisode(3, 4)]]);
  await assert.rejects(all(folder, { features: [velocity], workers: 2 }), { code: 'feature-missing' });
});

test('mutated shards give episodes or a problem, never anything else', async (t) => {
  const folder = tempFolder(t);
  await writeTiny(folder, [[tinyEpisode(1, 3, 20), tinyEpisode(2, 2, 20)]]);
  const bytes = readFileSync(shard(folder, 0, 1));
  const flip = fc.record({ at: fc.nat(bytes.length - 1), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(flip, { minLength: 1, maxLength: 3 }), fc.nat(50), async (flips, cut) => {
      const mutated = Buffer.from(bytes.subarray(0, bytes.length - (cut % 2 ? cut : 0)));
      for (const { at, to } of flips) mutated[at % mutated.length] = to;
      writeFileSync(shard(folder, 0, 1), mutated);
      try {
        await all(folder, { features: [velocity, image, 'steps/is_last', filePath] });
      } catch (error) {
        assert.ok(Problem.is(error), String(error));
      }
    }),
    { numRuns: 200 },
  );
});

async function all(folder: string, options: ReadOptions): Promise<Episode[]> {
  const episodes: Episode[] = [];
  for await (const episode of readEpisodes(folder, options)) episodes.push(episode);
  return episodes;
}

function shard(folder: string, k: number, count: number): string {
  return join(folder, `droid_101-train.tfrecord-0000${k}-of-0000${count}`);
}

function textOf(episode: Episode, name: string): string {
  return Buffer.from(episode.bytes[name]?.[0] ?? []).toString();
}

function last(name: string): string {
  return name.split('/').at(-1) as string;
}

function sha256(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
}
