import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { convertRldsEpisode } from '../../../tasks/convert/convert-rlds-episode.ts';
import { digestsOf } from '../../../tasks/convert/rlds-digests.ts';
import { episodesOfShard, shardsOf } from '../../../tasks/convert/rlds-episodes.ts';
import { gatherEpisodes } from '../../../tasks/convert/rlds-gather.ts';
import { droidMapping, type RldsMapping } from '../../../tasks/convert/rlds-mapping.ts';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { framesOf } from '../../../tasks/formats/lerobot-dataset/frames.ts';
import { type Episode, readEpisodes, readInfo } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { readEpisodes as readRlds } from '../../../tasks/formats/rlds/read.ts';
import { decodeImages } from '../../../tasks/formats/video/decode-images.ts';
import { rldsShard } from '../../../tasks/kinds/files-in-place.ts';
import { collected, psnr } from '../../support/frames.ts';
import { droidFolder, golden } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyEpisode, writeTiny } from '../../support/tiny-rlds.ts';
import { withoutFfmpeg } from '../formats/video/frames.ts';

const skip = withoutFfmpeg('libx264');
const bridgeFolder = join(packageRoot(), 'test/data/rlds-bridge-octo');
const bridge: RldsMapping = {
  fps: 5,
  robotType: 'widowx',
  images: { image_0: 'steps/observation/image_0' },
  numbers: { state: ['steps/observation/state'], action: ['steps/action'] },
  instructions: ['steps/language_instruction'],
  defaultTask: 'Do something',
  key: ['episode_metadata/file_path', 'episode_metadata/episode_id'],
};

async function listed(
  folder: string,
  mapping: RldsMapping,
  choice: { instruction?: number; leaveOut?: string[] } = {},
) {
  const shards = (await shardsOf(folder, 'train')).map(({ file, episodes }) => {
    const { records, left: damaged } = digestsOf({ path: file, episodes });
    return { file, damaged, ...episodesOfShard(file, records, mapping) };
  });
  return gatherEpisodes({ shards, mapping, successOnly: false, strict: false, leaveOut: [], ...choice });
}

type Listed = Awaited<ReturnType<typeof listed>>['episodes'][number];

interface Settings {
  readonly mapping: RldsMapping;
  readonly images?: 'video' | 'image';
}

async function converted(t: TestContext, listedAs: Listed, settings: Settings): Promise<Episode> {
  const { record, task, place } = listedAs;
  const shard = await artifactAt(rldsShard, listedAs.shard);
  const inputs = { record, task, place, shard, codec: 'h264', ...settings } as const;
  const { part } = (await runTask(convertRldsEpisode, inputs, tempFolder(t))).out;
  const { features } = await readInfo(part);
  const [episode] = await collected(readEpisodes(part, { columns: Object.keys(features) }));
  assert.ok(episode);
  return episode;
}

interface GoldenEpisode {
  readonly num_steps: number;
  readonly language: readonly string[];
  readonly observation: Readonly<Record<string, readonly number[]>>;
  readonly action_dict: Readonly<Record<string, readonly number[]>>;
}

test('episodes of DROID have the names of their folders, their steps and instructions', async () => {
  const { episodes, left } = await listed(droidFolder, droidMapping());
  const expected = golden<GoldenEpisode[]>('droid_rlds/episodes.expected.json');
  assert.deepEqual(left, []);
  assert.equal(episodes[1]?.key, 'ILIAD/success/2023-11-02/Sat_Nov__2_16:21:39_2023');
  assert.deepEqual(
    episodes.map(({ steps, task }) => [steps, task]),
    expected.map(({ num_steps, language }) => [num_steps, language.find((text) => text !== '') ?? 'Do something']),
  );
  const second = await listed(droidFolder, droidMapping(), { instruction: 2 });
  assert.equal(second.episodes[0]?.task, expected[0]?.language[1]);
});

test('every number of a DROID episode is that of its record', { skip }, async (t) => {
  const expected = golden<GoldenEpisode[]>('droid_rlds/episodes.expected.json')[0] as GoldenEpisode;
  const [first] = (await listed(droidFolder, droidMapping())).episodes;
  for (const space of ['joint-velocity', 'joint-position'] as const) {
    const { columns } = await converted(t, first as Listed, { mapping: droidMapping(space) });
    const { observation, action_dict: actions } = expected;
    assert.deepEqual(columns.joint_position, Float32Array.from(observation.joint_position ?? []));
    assert.deepEqual(columns.gripper_position, Float32Array.from(observation.gripper_position ?? []));
    const joints = actions[space === 'joint-velocity' ? 'joint_velocity' : 'joint_position'] ?? [];
    const rows = (actions.gripper_position ?? []).map((gripper, k) => [...joints.slice(7 * k, 7 * k + 7), gripper]);
    assert.deepEqual(columns.actions, Float32Array.from(rows.flat()));
  }
});

for (const [name, folder, mapping] of [
  ['DROID', droidFolder, droidMapping()],
  ['Bridge', bridgeFolder, bridge],
] as const) {
  for (const images of ['video', 'image'] as const) {
    test(`frame k of ${name} as ${images} is the JPEG of step k`, { skip }, async (t) => {
      const [first] = (await listed(folder, mapping)).episodes;
      const episode = await converted(t, first as Listed, { mapping, images });
      const [record] = await collected(readRlds(folder, { features: Object.values(mapping.images) }));
      for (const [camera, feature] of Object.entries(mapping.images)) {
        const found = await collected(framesOf(episode, camera));
        const { width, height } = found[0] as { width: number; height: number };
        const expected = await collected(
          decodeImages(record?.bytes[feature] ?? [], { of: 'jpeg', width, height, camera }),
        );
        assert.equal(found.length, first?.steps);
        for (const [k, { rgb }] of found.entries()) {
          const quality = psnr(rgb, (expected[k] as { rgb: Uint8Array }).rgb);
          assert.ok(images === 'image' ? quality === Infinity : quality > 25, `${camera} ${k}: ${quality} dB`);
        }
      }
    });
  }
}

test('an episode of Bridge has the state and action of its record, and is named by file and number', {
  skip,
}, async (t) => {
  const [first] = (await listed(bridgeFolder, bridge)).episodes;
  assert.match(first?.key ?? '', /^berkeley\/toysink2_bww\/put_cup_from_counter_or_drying_rack_into_sink\/val--\d+$/);
  const { columns, tasks } = await converted(t, first as Listed, { mapping: bridge });
  const [record] = await collected(readRlds(bridgeFolder, { features: ['steps/observation/state', 'steps/action'] }));
  assert.deepEqual(columns.state, record?.floats['steps/observation/state']);
  assert.deepEqual(columns.action, record?.floats['steps/action']);
  assert.deepEqual(tasks, ['put cup from counter or drying rack into sink']);
});

test('a record that is no longer the one that was listed is refused', { skip }, async (t) => {
  const [first, second] = (await listed(droidFolder, droidMapping())).episodes as [Listed, Listed];
  await assert.rejects(converted(t, { ...first, place: second.place }, { mapping: droidMapping() }), {
    code: 'record-changed',
    hint: /run again/,
  });
});

test('a record without a feature that the mapping names is left out, with the reason', async (t) => {
  const folder = join(tempFolder(t), 'tiny');
  const { 'steps/observation/wrist_image_left': _image, ...blind } = tinyEpisode(2, 4);
  await writeTiny(folder, [[tinyEpisode(1, 5), blind]]);
  const mapping: RldsMapping = {
    ...bridge,
    images: { wrist: 'steps/observation/wrist_image_left' },
    numbers: { actions: ['steps/action_dict/joint_velocity'] },
    key: [],
  };
  const { episodes, left } = await listed(folder, mapping);
  assert.deepEqual(
    episodes.map(({ steps, task, key }) => [steps, task, key.length]),
    [[5, 'Do something', 12]],
  );
  assert.equal(left[0]?.code, 'feature-missing');
  assert.match(left[0]?.reason ?? '', /"steps\/observation\/wrist_image_left"/);
});

test('what is to be left out must be there', async () => {
  await assert.rejects(listed(droidFolder, droidMapping(), { leaveOut: ['AUTOLab/sucess'] }), {
    code: 'episode-unknown',
  });
});

test('a record that lies in two shards is one episode', async (t) => {
  const folder = join(tempFolder(t), 'tiny');
  await writeTiny(folder, [[tinyEpisode(1, 5)], [tinyEpisode(1, 5), tinyEpisode(3, 5)]]);
  const mapping = { ...bridge, images: {}, numbers: { actions: ['steps/action_dict/joint_velocity'] } };
  assert.equal((await listed(folder, mapping)).episodes.length, 2);
});
