import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { adoptDataset, adoptInPlace } from '../../../tasks/download/adopt-in-place.ts';
import { lerobotDatasetInPlace } from '../../../tasks/kinds/lerobot-dataset.ts';
import { CliProject } from '../../support/cli.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const sample = fileURLToPath(new URL('../../../../test/data/lerobot-v21-unitree-g1/', import.meta.url));

test('a dataset stays where it lies, and is read by whoever takes datasets', async (t) => {
  const project = new CliProject(t);
  cpSync(sample, join(project.folder, 'mine'), { recursive: true });
  project.pipeline(
    'use',
    `
import { adoptDataset } from 'stet/tasks/download/adopt-in-place';
import { lerobotDataset } from 'stet/kinds/lerobot-dataset';
const use = task({ name: 'use', version: '1', inputs: { data: lerobotDataset }, outputs: { said: z.string() }, run: async ({ data }) => ({
  said: data.path + ' has ' + data.meta.total_episodes,
}) });
export default pipeline('use', {}, () => ({ said: use({ data: adoptDataset({ path: 'mine' }).dataset }).said }));
`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'use']);
  assert.equal(code, 0, stdout + stderr);
  const { total_episodes } = JSON.parse(readFileSync(join(sample, 'meta/info.json'), 'utf8')) as {
    total_episodes: number;
  };
  assert.ok(stdout.includes(`${join(project.folder, 'mine')} has ${total_episodes}`), stdout);
});

test('a dataset with a file missing is no artifact', async (t) => {
  const folder = join(tempFolder(t), 'mine');
  cpSync(sample, folder, { recursive: true });
  rmSync(join(folder, 'data'), { recursive: true });
  await assert.rejects(artifactAt(lerobotDatasetInPlace, folder));
});

test('a folder is told apart by stats when planning, and one that is not there is named', async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'a'), 'x');
  assert.equal((await runTask(adoptInPlace, { path: folder }, tempFolder(t))).values.folder, folder);
  const before = await adoptInPlace.spec.observe?.({ path: folder });
  writeFileSync(join(folder, 'b'), 'x');
  assert.notEqual(await adoptInPlace.spec.observe?.({ path: folder }), before);
  await assert.rejects(async () => adoptDataset.spec.observe?.({ path: join(folder, 'none') }), {
    code: 'path-missing',
  });
});
