import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Digest } from '../../../../cache/digest.ts';
import { openStore, type Store } from '../../../../cache/store.ts';
import { materialise } from '../../../../runner/cli/results/materialise.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** A store with artifacts in it, and an empty folder for what is taken out. */
class TakeOutScene {
  readonly store: Store;
  readonly folder: string;

  static async open(t: TestContext): Promise<TakeOutScene> {
    const store = await openStore(tempFolder(t));
    t.after(() => store.close());
    return new TakeOutScene(store, tempFolder(t));
  }

  private constructor(store: Store, folder: string) {
    this.store = store;
    this.folder = folder;
  }

  /** A file in the store, as results hold it. */
  async file(text: string) {
    const path = join(this.store.root, 'tmp', 'made');
    writeFileSync(path, text);
    return this.#taken(path);
  }

  /** A folder in the store with a file of this text, and a link to it. */
  async tree(text: string) {
    const path = join(this.store.root, 'tmp', 'made');
    mkdirSync(join(path, 'deep'), { recursive: true });
    writeFileSync(join(path, 'deep', 'weights'), text);
    symlinkSync('deep/weights', join(path, 'newest'));
    return this.#taken(path);
  }

  async #taken(path: string) {
    const { digest, size } = await this.store.putTree(path, { how: 'move' });
    return { $artifact: { kind: 'any', digest, size } };
  }

  to(name: string): string {
    return join(this.folder, name);
  }

  take(value: unknown, name: string): Promise<void> {
    return materialise(this.store, value, this.to(name));
  }

  text(name: string): string {
    return readFileSync(this.to(name), 'utf8');
  }

  json(name: string): unknown {
    return JSON.parse(this.text(name));
  }
}

test('a file is taken out as a file of its own, to which one may write', async (t) => {
  const scene = await TakeOutScene.open(t);
  const file = await scene.file('weights');
  await scene.take(file, 'some/where/model');
  const { nlink, mode } = lstatSync(scene.to('some/where/model'));
  assert.deepEqual([nlink, mode & 0o200], [1, 0o200]);
  writeFileSync(scene.to('some/where/model'), 'edited');
  await scene.take(file, 'again');
  assert.equal(scene.text('again'), 'weights');
});

test('a folder is taken out with its links as links', async (t) => {
  const scene = await TakeOutScene.open(t);
  await scene.take(await scene.tree('weights'), 'model');
  assert.equal(scene.text('model/deep/weights'), 'weights');
  assert.equal(readlinkSync(scene.to('model/newest')), 'deep/weights');
  writeFileSync(scene.to('model/deep/other'), '');
  assert.equal(lstatSync(scene.to('model/deep/weights')).mode & 0o200, 0o200);
});

test('a list becomes a folder by number, a stream by key, and a record by field', async (t) => {
  const scene = await TakeOutScene.open(t);
  const [one, two] = [await scene.file('one'), await scene.file('two')];
  await scene.take({ list: [one, two], steps: { $stream: [{ key: '100', value: one }] }, both: { two } }, 'all');
  assert.deepEqual(readdirSync(scene.to('all')).sort(), ['both', 'list', 'steps']);
  assert.deepEqual(
    ['list/0', 'list/1', 'steps/100', 'both/two'].map((name) => scene.text(`all/${name}`)),
    ['one', 'two', 'one', 'two'],
  );
});

test('what holds no files becomes JSON, in which a stream is a list', async (t) => {
  const scene = await TakeOutScene.open(t);
  const steps = { $stream: [{ key: '1', value: { loss: 0.5 } }] };
  await scene.take({ steps, best: [1, { at: steps }], none: null }, 'plain.json');
  assert.deepEqual(scene.json('plain.json'), {
    steps: [{ loss: 0.5 }],
    best: [1, { at: [{ loss: 0.5 }] }],
    none: null,
  });
  await scene.take({ model: await scene.file('one'), score: { mean: 1 } }, 'mixed');
  assert.deepEqual(readdirSync(scene.to('mixed')).sort(), ['model', 'score.json']);
  assert.deepEqual(scene.json('mixed/score.json'), { mean: 1 });
});

test('a key that is no file name leads nowhere else', async (t) => {
  const scene = await TakeOutScene.open(t);
  const items = { $stream: [{ key: '../TRI/2024', value: await scene.file('episode') }] };
  await scene.take(items, 'items');
  assert.deepEqual([readdirSync(scene.folder), readdirSync(scene.to('items'))], [['items'], ['%2E.%2FTRI%2F2024']]);
});

test('what is there already keeps its other files, and gets new ones of the same names', async (t) => {
  const scene = await TakeOutScene.open(t);
  mkdirSync(scene.to('model/deep'), { recursive: true });
  for (const name of ['weights', 'notes']) writeFileSync(scene.to(`model/deep/${name}`), 'mine');
  await scene.take(await scene.tree('theirs'), 'model');
  assert.deepEqual([scene.text('model/deep/weights'), scene.text('model/deep/notes')], ['theirs', 'mine']);
  assert.deepEqual(readdirSync(scene.folder), ['model']);
});

test('of what cannot be taken out whole nothing is there, and nothing is left behind', async (t) => {
  const scene = await TakeOutScene.open(t);
  const [here, gone] = [await scene.file('here'), await scene.tree('gone')];
  rmSync(scene.store.blobs.pathOf(gone.$artifact.digest as Digest));
  scene.store.forget();
  await assert.rejects(scene.take({ here, gone }, 'both'), { code: /missing|damaged/ });
  assert.deepEqual([readdirSync(scene.folder), readdirSync(join(scene.store.root, 'tmp'))], [[], []]);
});

test('the store keeps nothing that it lent for the time', async (t) => {
  const scene = await TakeOutScene.open(t);
  await scene.take([await scene.tree('one'), await scene.file('two')], 'list');
  assert.deepEqual(readdirSync(join(scene.store.root, 'tmp')), []);
});

test('what does not fit the place that was named is refused, and all that lies there stays', async (t) => {
  const scene = await TakeOutScene.open(t);
  const [file, tree] = [await scene.file('weights'), await scene.tree('weights')];
  const elsewhere = tempFolder(t);
  mkdirSync(scene.to('folder/0'), { recursive: true });
  writeFileSync(scene.to('file'), 'mine');
  symlinkSync(elsewhere, scene.to('link'));
  execFileSync('mkfifo', [scene.to('pipe')]);
  symlinkSync('/dev/full', scene.to('device'));
  const refused: [unknown, string][] = [
    [file, 'folder'],
    [tree, 'file'],
    [tree, 'link'],
    [file, 'file/x'],
    [file, 'pipe'],
    [tree, 'pipe'],
    [{ a: file, b: [file] }, 'file'],
    [[file, tree], 'folder'],
  ];
  for (const [value, name] of refused) await assert.rejects(scene.take(value, name), { code: 'in-the-way' }, name);
  assert.deepEqual(readdirSync(scene.folder).sort(), ['device', 'file', 'folder', 'link', 'pipe']);
  assert.deepEqual(readdirSync(scene.to('folder'), { recursive: true }), ['0']);
  assert.equal(scene.text('file'), 'mine');
  assert.deepEqual(readdirSync(elsewhere), []);
  await scene.take(file, 'device');
  assert.equal(scene.text('device'), 'weights');
  await assert.rejects(materialise(scene.store, file, '/dev/full'), { code: 'in-the-way' });
});
