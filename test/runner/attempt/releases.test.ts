import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { findReleases } from '../../../runner/attempt/releases.ts';
import { followsLink, hasFile, type ReadyRule, type StreamSpec, streamOf } from '../../../tasks/core/stream.ts';
import { stream } from '../../../tasks/core/task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function streamLike(how: { match?: string; ready?: ReadyRule } = {}): StreamSpec {
  return streamOf(stream(z.int(), how)) as StreamSpec;
}

/** An output's folder with these files in it. */
function folderWith(t: TestContext, ...files: string[]): string {
  const folder = tempFolder(t);
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '');
  }
  return folder;
}

async function keysIn(folder: string, spec: StreamSpec, ...seen: string[]): Promise<string[]> {
  return (await findReleases(folder, spec, new Map(seen.map((key) => [key, undefined])))).map(({ key }) => key);
}

test('every entry of the folder is an item, by its number, save those that begin with a dot', async (t) => {
  const folder = folderWith(t, '10', '9/weights', '.tmp', 'last');
  assert.deepEqual(await findReleases(folder, streamLike(), new Map()), [
    { key: '9', path: join(folder, '9'), place: '9' },
    { key: '10', path: join(folder, '10'), place: '10' },
    { key: 'last', path: join(folder, 'last'), place: 'last' },
  ]);
});

test('a pattern that begins with a dot finds what begins with one', async (t) => {
  assert.deepEqual(await keysIn(folderWith(t, '.step-1', 'step-2'), streamLike({ match: '.step-*' })), ['.step-1']);
});

test('items may lie deeper: their keys are what the pattern leaves open of their paths, in natural order', async (t) => {
  const folder = folderWith(t, 'a/steps/20', 'a/steps/3', 'b/steps/10', 'b/other/4', 'steps/5', 'c');
  assert.deepEqual(await keysIn(folder, streamLike({ match: '*/steps/*' })), ['a/3', 'a/20', 'b/10']);
  assert.deepEqual(await keysIn(folder, streamLike({ match: '{a,c}/steps/[0-9]' })), ['a/3']);
});

test('what was seen is not found again, and its rule is not asked again', async (t) => {
  const asked: string[] = [];
  const ready: ReadyRule = { isReady: async (item) => asked.push(item) > 0 };
  const folder = folderWith(t, '1', '2');
  assert.deepEqual(await keysIn(folder, streamLike({ ready }), '1'), ['2']);
  assert.deepEqual(asked, [join(folder, '2')]);
});

test('an item counts once its rule holds, whether that looks into the item or at the folder', async (t) => {
  const folder = folderWith(t, '1/done', '2/half', '3/done');
  assert.deepEqual(await keysIn(folder, streamLike({ ready: hasFile('done') })), ['1', '3']);
  symlinkSync('2', join(folder, '.newest'));
  assert.deepEqual(await keysIn(folder, streamLike({ ready: followsLink('.newest') })), ['1', '2']);
});

test('where the folder is not made yet, or is a file, there is nothing', async (t) => {
  const folder = folderWith(t, 'file');
  assert.deepEqual(await keysIn(join(folder, 'later'), streamLike()), []);
  assert.deepEqual(await keysIn(join(folder, 'file'), streamLike()), []);
});

test('a rule that cannot tell is not taken for one that does not hold', async (t) => {
  const ready: ReadyRule = { isReady: () => Promise.reject(new Error('no right to look')) };
  await assert.rejects(keysIn(folderWith(t, '1'), streamLike({ ready })), { message: 'no right to look' });
});
