import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StatCache } from '../../cache/adopt.ts';
import { digestBytes } from '../../cache/digest.ts';
import type { FileSystem } from '../../cache/file-system.ts';
import { tempFolder } from '../support/temp-folder.ts';

const noProc = existsSync('/proc/self/fdinfo') ? false : 'there is no /proc here';
const later = (seconds: number) => () => Date.now() + seconds * 1000;
const on = (kind: FileSystem['kind']) => () => ({ name: kind, kind });

test('a file that rested is hashed once, also by a later process', async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'a');
  const first = cacheIn(folder, { now: later(5) });
  assert.equal(await first.digest(path), digestBytes('a'));
  assert.equal(await first.digest(path), digestBytes('a'));
  assert.equal(first.hashedCount, 1);
  const second = cacheIn(folder, { now: later(6) });
  assert.equal(await second.digest(path), digestBytes('a'));
  assert.equal(second.hashedCount, 0);
});

test('a file that was written a moment ago is hashed again', async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'a');
  const cache = cacheIn(folder, {});
  await cache.digest(path);
  await cache.digest(path);
  assert.equal(cache.hashedCount, 2);
});

test('times in the future prove nothing', async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'a');
  utimesSync(path, Date.now() / 1000 + 1000, Date.now() / 1000 + 1000);
  const cache = cacheIn(folder, { now: later(5) });
  await cache.digest(path);
  await cache.digest(path);
  assert.equal(cache.hashedCount, 2);
});

test('files of network disks have to rest for a minute, those of FAT never do', async (t) => {
  for (const [kind, seconds, hashed] of [
    ['network', 30, 2],
    ['network', 61, 1],
    ['coarse', 1e6, 2],
  ] as const) {
    const folder = tempFolder(t);
    const path = written(folder, 'a');
    const cache = cacheIn(folder, { now: later(seconds), fileSystem: on(kind) });
    await cache.digest(path);
    await cache.digest(path);
    assert.equal(cache.hashedCount, hashed, `${kind} after ${seconds} s`);
  }
});

test('a change of size, mtime, ctime or inode is noticed', async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'aaaa');
  const cache = cacheIn(folder, { now: later(5) });
  await cache.digest(path);

  appendFileSync(path, 'b');
  assert.equal(await cache.digest(path), digestBytes('aaaab'));

  const { atimeMs, mtimeMs } = statSync(path);
  writeFileSync(path, 'bbbbb');
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  assert.equal(await cache.digest(path), digestBytes('bbbbb'), 'the mtime was set back');

  writeFileSync(`${path}-2`, 'ccccc');
  utimesSync(`${path}-2`, atimeMs / 1000, mtimeMs / 1000);
  renameSync(`${path}-2`, path);
  assert.equal(await cache.digest(path), digestBytes('ccccc'), 'another file has its name');
});

test('the times of a file that somebody may write to without a sign are not believed', { skip: noProc }, async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'a');
  const cache = cacheIn(folder, { now: later(5) });
  const held = openSync(path, 'r+');
  const [seen] = await cache.look([path]);
  assert.equal(seen?.stats.rested, false);
  await cache.digest(path);
  assert.equal(cache.hashedCount, 2);
  closeSync(held);
});

test('damaged lines of the cache are ignored', async (t) => {
  const folder = tempFolder(t);
  const path = written(folder, 'a');
  await cacheIn(folder, { now: later(5) }).digest(path);
  const file = join(folder, 'stat-cache.jsonl');
  const wrong = digestBytes('wrong');
  writeFileSync(file, `${readFileSync(file, 'utf8').replace(digestBytes('a'), wrong)}half a li`);
  assert.equal(await cacheIn(folder, { now: later(5) }).digest(path), digestBytes('a'));
});

test('digests of many files come in the order of their paths', async (t) => {
  const folder = tempFolder(t);
  const paths = Array.from({ length: 50 }, (_, index) => join(folder, `f${index}`));
  for (const [index, path] of paths.entries()) writeFileSync(path, `${index}`);
  const cache = cacheIn(folder, { now: later(5) });
  await cache.digests(paths.filter((_, index) => index % 3 === 0));
  assert.deepEqual(
    await cache.digests(paths),
    paths.map((_, index) => digestBytes(`${index}`)),
  );
  assert.equal(cache.hashedCount, 50);
});

function cacheIn(folder: string, options: ConstructorParameters<typeof StatCache>[1]): StatCache {
  return new StatCache(join(folder, 'stat-cache.jsonl'), options);
}

function written(folder: string, text: string): string {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
}
