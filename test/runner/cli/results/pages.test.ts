import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore, type Store } from '../../../../cache/store.ts';
import { fillPage, writePages } from '../../../../runner/cli/results/pages.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { ended, finished, node, stateAfter } from '../../views/scene.ts';

const room = '<section id="this-run" hidden><!--stet:this-run--></section>';

interface PageScene {
  readonly store: Store;
  /** Of the run. */
  readonly folder: string;
  readonly warnings: string[];
}

async function scene(t: TestContext): Promise<PageScene> {
  const warnings: string[] = [];
  const store = await openStore(tempFolder(t), { warn: (message) => warnings.push(message) });
  t.after(() => store.close());
  return { store, folder: tempFolder(t), warnings };
}

/** A file in the store, as results hold it. */
async function stored(store: Store, text: string, kind = 'html-page') {
  const path = join(store.root, 'tmp', 'made');
  writeFileSync(path, text);
  const { digest, size } = await store.putTree(path, { how: 'move' });
  return { $artifact: { kind, digest, size } };
}

const stateWith = (results: Record<string, unknown>) =>
  stateAfter(
    [node('train')],
    [
      [3, finished('train', 3)],
      [3, ended('succeeded', results)],
    ],
  );

test('every page among the results lies in the folder of the run by its name, with the run in it', async (t) => {
  const { store, folder, warnings } = await scene(t);
  const results = {
    report: await stored(store, room),
    'seed=1': { report: await stored(store, `<p>one</p>${room}`) },
    model: await stored(store, 'weights', 'checkpoint'),
    score: 1,
  };
  const pages = await writePages(store, folder, stateWith(results));
  assert.deepEqual(pages, {
    report: join(folder, 'report.html'),
    'seed=1.report': join(folder, 'seed=1.report.html'),
  });
  assert.deepEqual(readdirSync(folder).sort(), ['report.html', 'seed=1.report.html']);
  for (const path of Object.values(pages)) {
    assert.match(readFileSync(path, 'utf8'), /<section id="this-run">[^]*<td>train<\/td><td>done<\/td>/);
  }
  assert.deepEqual(warnings, []);
});

test('a page that cannot be written is a warning, and the others are written', async (t) => {
  const { store, folder, warnings } = await scene(t);
  const results = { first: await stored(store, room), second: await stored(store, `${room} `) };
  mkdirSync(join(folder, 'first.html'));
  const pages = await writePages(store, folder, stateWith(results));
  assert.deepEqual(Object.keys(pages), ['second']);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^The page first could not be written: /);
});

test('a page that has no room for its run stays as it is', async (t) => {
  const path = join(tempFolder(t), 'page.html');
  writeFileSync(path, '<p>mine</p>');
  await fillPage(path, stateWith({}));
  assert.equal(readFileSync(path, 'utf8'), '<p>mine</p>');
});
