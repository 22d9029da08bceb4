import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { annotationsFile } from '../../tasks/formats/droid-raw/annotations.ts';
import { CliProject } from '../support/cli.ts';
import { addRawEpisodes, freeBox, rawFolder, rawUuid } from '../support/raw-droid.ts';
import { withoutFfmpeg } from '../tasks/formats/video/frames.ts';

const skip = withoutFfmpeg('libx264');
const convert = `
import { droidToLerobot } from 'stet/tasks/convert/droid-to-lerobot';
export default pipeline('convert', { raw: z.string(), strict: z.boolean().optional(), leaveOut: z.array(z.string()).optional() },
  ({ raw, strict, leaveOut }) => droidToLerobot({ raw, strict, leaveOut, codec: 'h264' }));
`;

/** A project that converts a folder of raw episodes beside it. */
function scene(t: TestContext, episodes: readonly number[]) {
  const project = new CliProject(t);
  project.pipeline('convert', convert);
  const raw = join(project.folder, 'raw');
  addRawEpisodes(raw, episodes);
  const run = async (folder = raw, ...more: string[]) => {
    const { code, stdout, stderr } = await project.run(['run', 'convert', `raw=${folder}`, ...more]);
    const text = stdout + stderr;
    const converted = [...text.matchAll(/^.*done +convert-raw-episode (\S+)/gm)].map(([, key]) => key).sort();
    return { code, text, converted };
  };
  const get = async (result: string) => {
    const to = join(project.folder, `got-${result}`);
    const { code, stdout, stderr } = await project.run(['get', 'convert', result, '--to', to, '--force']);
    assert.equal(code, 0, stdout + stderr);
    return to;
  };
  return { project, raw, run, get };
}

test('each episode is a node under its uuid, and new episodes convert alone', { skip }, async (t) => {
  const { raw, run, get } = scene(t, [1, 3]);
  const first = await run();
  assert.equal(first.code, 0, first.text);
  assert.deepEqual(first.converted, [1, 3].map(rawUuid));

  addRawEpisodes(raw, [2]);
  const second = await run();
  assert.deepEqual([second.code, second.converted], [0, [rawUuid(2)]], second.text);
  assert.match(second.text, /done +assemble-dataset/);
  const lines = readFileSync(join(await get('dataset'), 'meta/episodes.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const tasks = lines.map((line) => (JSON.parse(line) as { tasks: string[] }).tasks);
  assert.deepEqual(tasks, [['Wipe mug 1'], ['Wipe mug 2'], ['Wipe mug 3']]);
});

test('recordings that moved elsewhere convert and assemble nothing again', { skip }, async (t) => {
  const { project, raw, run } = scene(t, [1, 2]);
  assert.equal((await run()).code, 0);
  const moved = join(project.folder, 'elsewhere');
  renameSync(raw, moved);
  const again = await run(moved);
  assert.deepEqual([again.code, again.converted], [0, []], again.text);
  assert.match(again.text, /cached +assemble-dataset/);
});

test('an episode whose recording or instruction changed converts again, alone', { skip }, async (t) => {
  const { raw, run } = scene(t, [1, 2, 3]);
  assert.equal((await run()).code, 0);
  appendFileSync(join(rawFolder(raw, 2), 'recordings/MP4/38347287.mp4'), freeBox(9));
  const file = join(raw, annotationsFile);
  writeFileSync(file, readFileSync(file, 'utf8').replace('Wipe mug 3', 'Fill mug 3'));
  const again = await run();
  assert.deepEqual([again.code, again.converted], [0, [2, 3].map(rawUuid)], again.text);
});

test('files that a conversion does not read convert nothing again', { skip }, async (t) => {
  const { raw, run } = scene(t, [1, 2]);
  assert.equal((await run()).code, 0);
  writeFileSync(join(rawFolder(raw, 1), 'recordings/MP4/38347287-stereo.mp4'), 'both views');
  cpSync(join(rawFolder(raw, 1), 'trajectory.h5'), join(rawFolder(raw, 2), 'trajectory.h5'));
  const again = await run();
  assert.deepEqual([again.code, again.converted], [0, []], again.text);
});

test('incomplete episodes are left out and listed, or stop a strict run with all reasons', { skip }, async (t) => {
  const { raw, run, get } = scene(t, [1, 2, 3, 4]);
  rmSync(join(rawFolder(raw, 2), 'recordings/MP4/27417508.mp4'));
  rmSync(join(rawFolder(raw, 3), `metadata_${rawUuid(3)}.json`));
  writeFileSync(join(rawFolder(raw, 4), 'trajectory.h5'), 'no HDF5');
  const lenient = await run();
  assert.deepEqual([lenient.code, lenient.converted], [0, [rawUuid(1)]], lenient.text);
  const left = JSON.parse(readFileSync(await get('left'), 'utf8')) as { episode: string; code: string }[];
  assert.deepEqual(
    left.map(({ episode, code }) => [episode.slice(-20, -5), code]),
    [
      ['May_14_02_00_00', 'camera-missing'],
      ['May_14_03_00_00', 'metadata-missing'],
      ['May_14_04_00_00', 'not-hdf5'],
    ],
  );

  const strict = await run(raw, 'strict=true');
  assert.equal(strict.code, 1);
  for (const n of [2, 3, 4]) assert.match(strict.text, new RegExp(`Sun_May_14_0${n}_00_00_2023: `));

  const others = [2, 3, 4].map((n) => `TRI/success/2023-05-14/Sun_May_14_0${n}_00_00_2023`);
  const without = await run(raw, 'strict=true', `leaveOut=[${others.join()}]`);
  assert.deepEqual([without.code, without.converted], [0, []], without.text);
});

test('a conversion that was killed half-way converts only the rest', { skip }, async (t) => {
  const numbers = [1, 2, 3, 4, 5, 6];
  const { project, raw, run } = scene(t, numbers);
  const child = project.start(['run', 'convert', `raw=${raw}`]);
  let told = '';
  await new Promise<void>((resolve) => {
    const look = (chunk: Buffer) => {
      told += chunk.toString();
      if ((told.match(/done +convert-raw-episode/g) ?? []).length >= 2) resolve();
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('close', () => resolve());
  });
  child.kill('SIGKILL');
  await new Promise((resolve) => child.on('close', resolve));

  const rest = await run();
  assert.equal(rest.code, 0, rest.text);
  assert.ok(rest.converted.length <= numbers.length - 2, `${rest.converted.length} were converted again`);
  assert.match(rest.text, /done +assemble-dataset/);
});
