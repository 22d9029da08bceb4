import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { packageRoot } from '../../../../tasks/core/package-root.ts';
import { annotationsFile } from '../../../../tasks/formats/droid-raw/annotations.ts';
import { episodeFolders } from '../../../../tasks/formats/droid-raw/episode-folders.ts';
import { type IncompleteEpisode, type RawEpisode, readRawEpisodes } from '../../../../tasks/formats/droid-raw/read.ts';
import { readHdf5 } from '../../../../tasks/formats/hdf5/read.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const raw = join(packageRoot(), 'test/data/droid-raw');
const episode = 'TRI/success/2023-05-14/Sun_May_14_15_30_58_2023';
const uuid = 'TRI+ebce85a6+2023-05-14-15h-30m-58s';

test('an episode has its facts, cameras and columns', async () => {
  const [found] = await allOf(raw);
  assert.ok(found && !('reason' in found));
  assert.deepEqual(
    [found.episode, found.uuid, found.success, found.stepCount, found.metadata.lab],
    [episode, uuid, true, 8, 'TRI'],
  );
  assert.equal(found.task, 'Wipe the mug with the orange bottle');
  assert.equal(found.instructions.length, 3);
  const { wrist, exterior1, exterior2 } = found.cameras;
  assert.deepEqual(
    [wrist, exterior1, exterior2].map(({ serial }) => serial),
    ['34108837', '27417508', '38347287'],
  );
  assert.deepEqual(wrist, { serial: '34108837', video: `${episode}/recordings/MP4/34108837.mp4`, frameCount: 8 });
  const file = readHdf5(join(raw, episode, 'trajectory.h5'));
  const { columns } = found;
  assert.deepEqual(columns.jointPosition, file.dataset('observation/robot_state/joint_positions').read());
  assert.deepEqual(columns.commandedJointVelocity, file.dataset('action/joint_velocity').read());
  assert.deepEqual([columns.gripperPosition.length, columns.commandedJointPosition.length], [8, 56]);
});

test('an episode without annotation is told to do something', async (t) => {
  const root = copyOf(t);
  writeFileSync(join(root, annotationsFile), '{}');
  const [found] = await allOf(root);
  assert.ok(found && !('reason' in found));
  assert.deepEqual([found.task, found.instructions], ['Do something', []]);
});

test('the language file is needed, and has to be one', async (t) => {
  const root = copyOf(t);
  writeFileSync(join(root, annotationsFile), '[1]');
  await assert.rejects(allOf(root), { code: 'annotations-damaged' });
  rmSync(join(root, annotationsFile));
  await assert.rejects(allOf(root), { code: 'annotations-missing', hint: /language_instruction1/ });
});

const video = 'recordings/MP4/27417508.mp4';
const damages: readonly {
  readonly title: string;
  readonly code: string;
  readonly reason: RegExp;
  readonly damage: (folder: string) => void;
}[] = [
  {
    title: 'without metadata',
    code: 'metadata-missing',
    reason: /^TRI.* has no metadata_<uuid>\.json\.$/,
    damage: (folder) => rmSync(join(folder, `metadata_${uuid}.json`)),
  },
  {
    title: 'with metadata cut off',
    code: 'metadata-damaged',
    reason: /^Cannot read TRI.*metadata_.*json: /,
    damage: (folder) => truncateSync(join(folder, `metadata_${uuid}.json`), 100),
  },
  {
    title: 'with a trajectory cut off',
    code: 'hdf5-truncated',
    reason: /^TRI.*trajectory\.h5 is cut off: 100000 bytes of 202912\.$/,
    damage: (folder) => truncateSync(join(folder, 'trajectory.h5'), 100_000),
  },
  {
    title: 'with a pointer for a trajectory',
    code: 'lfs-pointer',
    reason: /^TRI.*trajectory\.h5 is a Git LFS pointer/,
    damage: (folder) => writeFileSync(join(folder, 'trajectory.h5'), 'version https://git-lfs.github.com/spec/v1\n'),
  },
  {
    title: 'with a damaged column',
    code: 'hdf5-damaged',
    reason: /^Cannot read dataset "\/.*" of TRI.*trajectory\.h5: no list of chunks/,
    damage: (folder) => replaceAll(join(folder, 'trajectory.h5'), 'TREE\u0001', 'EERT\u0001'),
  },
  {
    title: 'without a camera',
    code: 'camera-missing',
    reason: /^TRI.*27417508\.mp4 is not there\.$/,
    damage: (folder) => rmSync(join(folder, video)),
  },
  {
    title: 'without any video',
    code: 'camera-missing',
    reason: /^It has no recordings\/MP4\.$/,
    damage: (folder) => rmSync(join(folder, 'recordings'), { recursive: true }),
  },
  {
    title: 'with a camera that the trajectory does not know',
    code: 'camera-unknown',
    reason: /^Camera 99999999 has a video but no type/,
    damage: (folder) => renameSync(join(folder, video), join(folder, 'recordings/MP4/99999999.mp4')),
  },
  {
    title: 'with a video cut off',
    code: 'video-damaged',
    reason: /^TRI.*27417508\.mp4 is not a whole MP4 video/,
    damage: (folder) => truncateSync(join(folder, video), 1000),
  },
  {
    title: 'with a short video',
    code: 'video-short',
    reason: /^TRI.*27417508\.mp4 has 7 frames for 8 steps\.$/,
    damage: (folder) => dropLastFrame(join(folder, video)),
  },
];

for (const { title, code, reason, damage } of damages) {
  test(`an episode ${title} is given with the reason, and the next one is read`, async (t) => {
    const root = copyOf(t);
    cpSync(join(root, episode), join(root, 'TRI/success/2023-05-15/next'), { recursive: true });
    damage(join(root, episode));
    const [incomplete, next] = await allOf(root);
    assert.ok(incomplete && 'reason' in incomplete);
    assert.deepEqual([incomplete.episode, incomplete.code], [episode, code]);
    assert.match(incomplete.reason, reason);
    assert.ok(next && !('reason' in next) && next.episode === 'TRI/success/2023-05-15/next');
  });
}

test('stereo videos are no cameras', async (t) => {
  const root = copyOf(t);
  cpSync(join(root, episode, video), join(root, episode, 'recordings/MP4/27417508-stereo.mp4'));
  const [found] = await allOf(root);
  assert.ok(found && !('reason' in found));
});

test('folders are found in order, through links, but not in circles', async (t) => {
  const root = copyOf(t);
  symlinkSync(join(root, 'TRI'), join(root, 'LINKED'));
  symlinkSync(root, join(root, 'TRI', 'back'));
  symlinkSync('nowhere', join(root, 'dangling'));
  const folders: string[] = [];
  for await (const folder of episodeFolders(root)) folders.push(folder);
  assert.deepEqual(folders, [episode.replace('TRI', 'LINKED'), episode]);
});

test('a folder that is not there is a problem', async () => {
  await assert.rejects(episodeFolders('/nowhere/at/all').next(), { code: 'folder-unreadable' });
});

async function allOf(root: string): Promise<(RawEpisode | IncompleteEpisode)[]> {
  const found: (RawEpisode | IncompleteEpisode)[] = [];
  for await (const each of readRawEpisodes(root)) found.push(each);
  return found;
}

function copyOf(t: TestContext): string {
  const root = join(tempFolder(t), 'raw');
  cpSync(raw, root, { recursive: true });
  return root;
}

function replaceAll(path: string, from: string, to: string): void {
  writeFileSync(path, Buffer.from(readFileSync(path, 'latin1').replaceAll(from, to), 'latin1'));
}

/** Lowers the count of frames in the index. */
function dropLastFrame(path: string): void {
  const bytes = readFileSync(path);
  const count = bytes.indexOf('stsz') + 12;
  bytes.writeUInt32BE(bytes.readUInt32BE(count) - 1, count);
  writeFileSync(path, bytes);
}
