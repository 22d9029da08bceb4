import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { convertRawEpisode } from '../../../tasks/convert/convert-raw-episode.ts';
import { readHdf5 } from '../../../tasks/formats/hdf5/read.ts';
import { resizer } from '../../../tasks/formats/image/resize.ts';
import { framesOf } from '../../../tasks/formats/lerobot-dataset/frames.ts';
import { type Episode, readEpisodes, readInfo } from '../../../tasks/formats/lerobot-dataset/read.ts';
import { decodeVideo } from '../../../tasks/formats/video/decode.ts';
import { encodeVideo } from '../../../tasks/formats/video/encode.ts';
import { collected, psnr } from '../../support/frames.ts';
import { sampleRawEpisode } from '../../support/raw-droid.ts';
import { runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { drawnFrames, size, withoutFfmpeg } from '../formats/video/frames.ts';
import { anyDigest } from '../../support/any-digest.ts';

const { folder, steps } = sampleRawEpisode;
const recording = (serial: string) => join(folder, 'recordings/MP4', `${serial}.mp4`);
const cameras = {
  exterior_image_1_left: recording('27417508'),
  exterior_image_2_left: recording('38347287'),
  wrist_image_left: recording('34108837'),
};
const recordingAt = (path: string) => ({ kind: 'droid-recording', digest: anyDigest, path, meta: {} }) as const;
const files = {
  trajectory: { kind: 'droid-trajectory', digest: anyDigest, path: join(folder, 'trajectory.h5'), meta: {} },
  wrist: recordingAt(cameras.wrist_image_left),
  exterior1: recordingAt(cameras.exterior_image_1_left),
  exterior2: recordingAt(cameras.exterior_image_2_left),
} as const;
const task = 'Wipe the mug';
const skip = withoutFfmpeg('libx264');

async function converted(t: TestContext, settings: object): Promise<{ path: string; episode: Episode }> {
  const asked = { actionSpace: 'joint-velocity', images: 'video', codec: 'h264' } as const;
  const inputs = { ...files, task, ...asked, ...settings };
  const { part: path } = (await runTask(convertRawEpisode, inputs, tempFolder(t))).out;
  const { features } = await readInfo(path);
  const [episode] = await collected(readEpisodes(path, { columns: Object.keys(features) }));
  assert.ok(episode);
  return { path, episode };
}

/** What openpi's conversion would show of a recording. */
async function expectedFrames(path: string): Promise<Uint8Array[]> {
  const to = { width: 320, height: 180 };
  const frames = await collected(decodeVideo(path));
  return frames.map(({ rgb, width, height }) => resizer({ from: { width, height }, to, filter: 'bicubic' })(rgb));
}

/** Recordings of which no two frames, nor two cameras, are alike; each goes on after the last step, as real ones do. */
async function drawnRecordings(t: TestContext) {
  const folder = tempFolder(t);
  const draw = async (camera: number) => {
    const frames = [...drawnFrames(26)].slice(camera * steps, (camera + 1) * steps + 2);
    const path = join(folder, `${camera}.mp4`);
    await encodeVideo(frames, path, { codec: 'h264', fps: 15, frames: { of: 'rgb24', ...size } });
    return recordingAt(path);
  };
  return { wrist: await draw(0), exterior1: await draw(1), exterior2: await draw(2) };
}

test('an episode has the features, rate and robot of the conversion of openpi', { skip }, async (t) => {
  const { path, episode } = await converted(t, {});
  const { fps, robot_type, features } = await readInfo(path);
  assert.deepEqual([fps, robot_type, episode.tasks, episode.length], [15, 'panda', [task], steps]);
  const shapes = Object.entries(features).map(([name, { dtype, shape }]) => [name, dtype, shape.join('x')]);
  assert.deepEqual(shapes.slice(0, 6), [
    ['exterior_image_1_left', 'video', '180x320x3'],
    ['exterior_image_2_left', 'video', '180x320x3'],
    ['wrist_image_left', 'video', '180x320x3'],
    ['joint_position', 'float32', '7'],
    ['gripper_position', 'float32', '1'],
    ['actions', 'float32', '8'],
  ]);
});

test('every number is that of the trajectory, as float32', { skip }, async (t) => {
  const file = readHdf5(files.trajectory.path);
  const read = (path: string) => Float32Array.from(file.dataset(path).read(), Number);
  const withGripper = (joints: Float32Array) => {
    const gripper = read('action/gripper_position');
    return Float32Array.from({ length: 8 * steps }, (_, i) =>
      Number(i % 8 < 7 ? joints[Math.floor(i / 8) * 7 + (i % 8)] : gripper[Math.floor(i / 8)]),
    );
  };
  const velocity = (await converted(t, { images: 'image' })).episode.columns;
  assert.deepEqual(velocity.joint_position, read('observation/robot_state/joint_positions'));
  assert.deepEqual(velocity.gripper_position, read('observation/robot_state/gripper_position'));
  assert.deepEqual(velocity.actions, withGripper(read('action/joint_velocity')));
  const position = (await converted(t, { images: 'image', actionSpace: 'joint-position' })).episode.columns;
  assert.deepEqual(position.actions, withGripper(read('action/joint_position')));
});

for (const codec of ['h264', 'av1'] as const) {
  const without = withoutFfmpeg(codec === 'av1' ? 'libsvtav1' : 'libx264');
  test(`frame k of a camera's ${codec} video is step k of its recording`, { skip: without }, async (t) => {
    const { wrist, exterior1, exterior2 } = await drawnRecordings(t);
    const { episode } = await converted(t, { codec, wrist, exterior1, exterior2 });
    const recordings = {
      exterior_image_1_left: exterior1,
      exterior_image_2_left: exterior2,
      wrist_image_left: wrist,
    };
    const expected = (await Promise.all(Object.values(recordings).map(({ path }) => expectedFrames(path)))).map(
      (frames) => frames.slice(0, steps),
    );
    for (const [i, camera] of Object.keys(recordings).entries()) {
      const found = await collected(framesOf(episode, camera));
      assert.equal(found.length, steps);
      for (const [k, { rgb }] of found.entries()) {
        const quality = expected.flat().map((frame) => psnr(rgb, frame));
        const best = Math.max(...quality);
        assert.ok(best > 28, `${camera} ${k}: ${best} dB`);
        assert.equal(quality.indexOf(best), i * steps + k, `${camera} ${k} shows something else`);
      }
    }
  });
}

test('embedded images are the resized frames, pixel for pixel, and so are their statistics', { skip }, async (t) => {
  const { episode } = await converted(t, { images: 'image' });
  for (const camera of Object.keys(cameras) as (keyof typeof cameras)[]) {
    const expected = await expectedFrames(cameras[camera]);
    const found = await collected(framesOf(episode, camera));
    assert.deepEqual(
      found.map(({ rgb }) => rgb),
      expected,
    );
    const reds = expected.flatMap((rgb) => [...samplesOf(rgb)]);
    const mean = reds.reduce((sum, value) => sum + value, 0) / reds.length / 255;
    assert.ok(Math.abs((episode.images?.[camera]?.stats?.mean[0] as number) - mean) < 1e-9);
  }
});

/** Red of every second pixel of every second row, which count in the statistics of 320 x 180. */
function* samplesOf(rgb: Uint8Array): Generator<number> {
  for (let y = 0; y < 180; y += 2) for (let x = 0; x < 320; x += 2) yield rgb[(y * 320 + x) * 3] as number;
}

test('the same episode gives the same bytes', { skip }, async (t) => {
  const { scanTree, treeDigest } = await import('../../../cache/tree.ts');
  const [one, two] = [await converted(t, {}), await converted(t, {})];
  assert.equal(treeDigest(await scanTree(one.path)), treeDigest(await scanTree(two.path)));
});
