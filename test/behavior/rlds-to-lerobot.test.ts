import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CliProject } from '../support/cli.ts';
import { droidFolder } from '../support/openpi-golden.ts';
import { recordsIn, writeShards } from '../support/reshard.ts';
import { withoutFfmpeg } from '../tasks/formats/video/frames.ts';

const skip = withoutFfmpeg('libx264');
const convert = `
import { adoptRlds } from 'stet/tasks/download/adopt-rlds';
import { rldsToLerobot } from 'stet/tasks/convert/rlds-to-lerobot';
export default pipeline('convert', { data: z.string(), strict: z.boolean().optional(), successOnly: z.boolean().optional() },
  ({ data, strict, successOnly }) =>
    rldsToLerobot({ dataset: adoptRlds({ path: data }).dataset, strict, successOnly, codec: 'h264', version: 'v3.0' }));
`;

async function scene(t: TestContext) {
  const project = new CliProject(t);
  project.pipeline('convert', convert);
  const records = await recordsIn(droidFolder);
  const folder = join(project.folder, 'data');
  const write = (shards: readonly (readonly Uint8Array[])[], to = folder) => writeShards(to, droidFolder, shards);
  const run = async (data = folder, ...more: string[]) => {
    const { code, stdout, stderr } = await project.run(['run', 'convert', `data=${data}`, ...more]);
    const text = stdout + stderr;
    const ran = (name: string) => [...text.matchAll(new RegExp(`done +${name} (\\S+)`, 'g'))].map(([, key]) => key);
    return { code, text, converted: ran('convert-rlds-episode').length, read: ran('digest-records') };
  };
  const get = async (result: string) => {
    const to = join(project.folder, `got-${result}`);
    const { code, stdout, stderr } = await project.run(['get', 'convert', result, '--to', to, '--force']);
    assert.equal(code, 0, stdout + stderr);
    return to;
  };
  return { project, records, folder, write, run, get };
}

test('a further shard is read alone, and only its episodes convert', { skip }, async (t) => {
  const { records, write, run, get } = await scene(t);
  write([records.slice(0, 2)]);
  const first = await run();
  assert.deepEqual([first.code, first.converted, first.read.length], [0, 2, 1], first.text);
  write([records.slice(0, 2), records.slice(2, 4)]);
  const second = await run();
  assert.deepEqual([second.code, second.converted], [0, 2], second.text);
  assert.deepEqual(second.read, ['droid_101-train.tfrecord-00001-of-00002']);
  const info = JSON.parse(readFileSync(join(await get('dataset'), 'meta/info.json'), 'utf8')) as object;
  assert.deepEqual(
    ['codebase_version', 'total_episodes', 'total_frames'].map((key) => info[key as keyof object]),
    ['v3.0', 4, 34 + 51 + 26 + 26],
  );
});

test('the same episodes in other shards, elsewhere, convert and assemble nothing again', { skip }, async (t) => {
  const { project, records, folder, write, run } = await scene(t);
  write([records.slice(0, 3)]);
  assert.equal((await run()).code, 0);
  const elsewhere = join(project.folder, 'elsewhere');
  write([[records[1] as Buffer], [records[2] as Buffer, records[0] as Buffer]], elsewhere);
  rmSync(folder, { recursive: true });
  const again = await run(elsewhere);
  assert.deepEqual([again.code, again.converted], [0, 0], again.text);
  assert.match(again.text, /cached +assemble-dataset/);
});

test('a dataset that only changed its place is read again where it is when an episode must be converted', {
  skip,
}, async (t) => {
  const { project, records, folder, write, run } = await scene(t);
  write([records.slice(0, 2)]);
  assert.equal((await run()).code, 0);
  const elsewhere = join(project.folder, 'elsewhere');
  write([records.slice(0, 3).toReversed()], elsewhere);
  rmSync(folder, { recursive: true });
  const again = await run(elsewhere);
  assert.deepEqual([again.code, again.converted], [0, 1], again.text);
});

test('damaged episodes are left out and listed, or stop a strict run', { skip }, async (t) => {
  const { records, folder, write, run, get } = await scene(t);
  write([records.slice(0, 3)]);
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const file = openSync(join(folder, 'droid_101-train.tfrecord-00000-of-00001'), 'r+');
  writeSync(file, Buffer.from([1, 2, 3]), 0, 3, (records[0] as Buffer).length + 16 + 5000);
  closeSync(file);
  const lenient = await run();
  assert.deepEqual([lenient.code, lenient.converted], [0, 2], lenient.text);
  const left = JSON.parse(readFileSync(await get('left'), 'utf8')) as { episode: string; code: string }[];
  assert.deepEqual(
    left.map(({ episode, code }) => [episode, code]),
    [['record 1 of droid_101-train.tfrecord-00000-of-00001', 'wrong-data-crc']],
  );
  const strict = await run(folder, 'strict=true');
  assert.equal(strict.code, 1);
  assert.match(strict.text, /1 episode cannot be used:\s+record 1 of droid_101/);
});

test('failures are left out where only successes are wanted', { skip }, async (t) => {
  const { records, write, run } = await scene(t);
  write([records.slice(2, 4)]);
  const { code, text, converted } = await run(undefined, 'successOnly=true');
  assert.deepEqual([code, converted], [0, 1], text);
});
