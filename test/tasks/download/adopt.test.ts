import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../../tasks/core/package-root.ts';
import { adoptFolder, adoptZarr } from '../../../tasks/download/adopt.ts';
import { samplePusht } from '../../../tasks/download/sample.ts';
import { zarrStore } from '../../../tasks/kinds/zarr-store.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('an adopted folder is copied as it is', async (t) => {
  const root = tempFolder(t);
  mkdirSync(join(root, 'mine/inner'), { recursive: true });
  writeFileSync(join(root, 'mine/inner/file'), 'content');
  const { folder } = (await runTask(adoptFolder, { path: join(root, 'mine') }, root)).out;
  assert.equal(readFileSync(join(folder, 'inner/file'), 'utf8'), 'content');
});

test('editing a file of the user changes what is observed, touching nothing does not', async (t) => {
  const root = tempFolder(t);
  writeFileSync(join(root, 'file'), 'one');
  const observe = (): Promise<unknown> => adoptZarr.spec.observe?.({ path: root }) ?? Promise.reject(new Error('none'));
  const before = await observe();
  assert.equal(await observe(), before);
  writeFileSync(join(root, 'file'), 'two');
  assert.notEqual(await observe(), before);
});

test('a path with nothing at it is named', async (t) => {
  const path = join(tempFolder(t), 'nowhere');
  const expected = { code: 'path-missing', message: /nowhere/ };
  await assert.rejects(async () => adoptFolder.spec.observe?.({ path }), expected);
  await assert.rejects(runTask(adoptZarr, { path }, tempFolder(t)), expected);
});

test('the sample is a zarr store of 206 demonstrations, watched for edits', async (t) => {
  const { replay } = (await runTask(samplePusht, {}, tempFolder(t))).out;
  const { meta } = await artifactAt(zarrStore, replay);
  assert.deepEqual(meta.arrays['meta/episode_ends']?.shape, [206]);
  assert.match(String(await samplePusht.spec.observe?.({})), /^sha256:/);
  assert.match(readFileSync(join(packageRoot(), 'samples/pusht/SOURCE.md'), 'utf8'), /Licence: MIT/);
});
