import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { collectGarbage } from '../../cache/collect.ts';
import { type Digest, digestBytes } from '../../cache/digest.ts';
import { openStore, type Store } from '../../cache/store.ts';
import { inUse } from '../../runner/cli/runs/in-use.ts';
import { CliProject, type CliResult } from '../support/cli.ts';

interface Code {
  /** The version that the author gives to `make`: with another one it is another task to the engine. */
  version?: string;
  /** The type of what it counts. */
  count?: string;
  /** What is known of its file is its text this many times. */
  times?: number;
  /** The same of what uses it. */
  useVersion?: string;
}

/** Something is made, and what is known of it is used below. */
const source = ({ version = '1', count = 'z.int()', times = 1, useVersion = '1' }: Code): string => `
import { readFile } from 'node:fs/promises';
import { artifact } from 'stet/task';
const note = artifact('note', {
  meta: z.object({ text: z.string() }),
  inspect: async (path) => ({ text: (await readFile(path, 'utf8')).repeat(${times}) }),
});
const make = task({ name: 'make', version: '${version}', inputs: { word: z.string() }, outputs: { file: note, count: ${count} },
  run: async ({ word }, out) => { writeFileSync(out.file, word); return { file: out.file, count: word.length }; } });
const use = task({ name: 'use', version: '${useVersion}', inputs: { file: note }, outputs: { seen: z.string() },
  run: async ({ file }) => ({ seen: file.meta.text }) });
export default pipeline('words', { word: z.string().default('hello') }, ({ word }) => {
  const { file, count } = make({ word });
  return { file, count, seen: use({ file }).seen };
});
`;

class Scene {
  readonly project: CliProject;

  constructor(t: TestContext) {
    this.project = new CliProject(t);
    this.edit({});
  }

  edit(code: Code): void {
    this.project.pipeline('words', source(code));
  }

  run(...args: string[]): Promise<CliResult> {
    return this.project.run(args);
  }

  /** What a command prints; it ends well. */
  async says(...args: string[]): Promise<string> {
    const { stdout, stderr, code } = await this.run(...args);
    assert.equal(code, 0, `pipeline ${args.join(' ')}\n${stdout}${stderr}`);
    return stdout + stderr;
  }

  /** The nodes that really ran. */
  async ran(...args: string[]): Promise<string[]> {
    const { stdout, stderr, code } = await this.run('run', 'words', ...args, '--json');
    assert.equal(code, 0, stdout + stderr);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; address: string });
    return events.flatMap(({ type, address }) => (type === 'node-finished' ? [address] : []));
  }

  /** Ran once, edited in a way that the engine cannot know to be harmless, and accepted. */
  static async accepted(t: TestContext): Promise<Scene> {
    const scene = new Scene(t);
    await scene.says('run', 'words');
    scene.edit({ version: '2' });
    await scene.says('accept', 'words', 'make', '--why', 'only its log changed');
    return scene;
  }

  async store(t: TestContext, warn: (message: string) => void = () => {}): Promise<Store> {
    const store = await openStore(join(this.project.folder, '.stet'), { warn });
    t.after(() => store.close());
    return store;
  }

  statements(): string[] {
    const folder = join(this.project.folder, '.stet', 'accepted');
    return readdirSync(folder).map((name) => join(folder, name));
  }
}

test('an accepted node does not run, and neither does what is made from it', async (t) => {
  const scene = await Scene.accepted(t);
  assert.deepEqual(await scene.ran(), []);
  assert.match(await scene.says('run', 'words'), /nothing to do/);
});

test('accepting says what differed, and every view says whose word it is', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words');
  scene.edit({ version: '2' });
  const said = await scene.says('accept', 'words', 'make', '--why', 'only its log changed');
  assert.match(
    said,
    /make: accepted as the same as the result of run 0001 \([0-9a-f]{10}\), by \S+: only its log changed/,
  );
  assert.match(said, /version "1" -> "2"/);
  const told = /make.*accepted: the same as the result of run 0001 \([0-9a-f]{10}\), by \S+: only its log changed/;
  assert.match(await scene.says('plan', 'words'), told);
  assert.match(await scene.says('why', 'words', 'make'), told);
  assert.match(await scene.says('run', 'words'), told);
  assert.match(await scene.says('status'), told);
  const { nodes } = JSON.parse(await scene.says('status', '--json')) as { nodes: { accepted?: { why: string } }[] };
  assert.deepEqual(
    nodes.map(({ accepted }) => accepted?.why),
    ['only its log changed', undefined],
  );
  const listed = await scene.says('accepted');
  assert.match(listed, /make of words +as the result of run 0001 .*by \S+, \d{4}-.*: only its log changed/);
  assert.match(listed, /version "1" -> "2"/);
});

test('the old result stays what it is: with the old code it is known as before', async (t) => {
  const scene = await Scene.accepted(t);
  await scene.says('run', 'words');
  scene.edit({});
  assert.match(await scene.says('why', 'words', 'make'), /make will not run: its result is known/);
  assert.deepEqual(await scene.ran(), []);
});

test('a run with an accepted node gives its results as any other, and diff tells the edit', async (t) => {
  const scene = await Scene.accepted(t);
  await scene.says('run', 'words');
  const to = join(scene.project.folder, 'taken');
  await scene.says('get', 'words', 'file', '--to', to);
  assert.equal(readFileSync(to, 'utf8'), 'hello');
  const diff = await scene.says('diff', '1', '2');
  assert.match(diff, /make.*\n +version "1" -> "2"\n +the outputs are equal/);
});

test('a node of the newest run is accepted by its name alone', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words', 'word=there');
  scene.edit({ version: '2' });
  await scene.says('accept', 'make');
  assert.deepEqual(await scene.ran('word=there'), []);
  assert.deepEqual(await scene.ran(), ['make', 'use']);
});

test('what was accepted is taken back by its name or its fingerprint, and runs', async (t) => {
  const scene = await Scene.accepted(t);
  assert.match(await scene.says('accepted', '--revoke', 'make'), /make \([0-9a-f]{10}\) is no longer accepted/);
  assert.match(await scene.says('accepted'), /Nothing was accepted/);
  assert.match(await scene.says('why', 'words', 'make'), /will run: version "1" -> "2"/);
  const said = await scene.says('accept', 'words', 'make');
  const command = /pipeline (accepted --revoke \S+)/.exec(said)?.[1] ?? '';
  await scene.says(...command.split(' '));
  assert.deepEqual(await scene.ran(), ['make']);
});

test('what a run took by a statement that was taken back runs for what was edited, not for a loss', async (t) => {
  const scene = await Scene.accepted(t);
  assert.deepEqual(await scene.ran(), []);
  await scene.says('accepted', '--revoke', 'make');
  assert.match(await scene.says('why', 'words', 'make'), /will run: version "1" -> "2"/);
});

test('nothing is accepted of a node that is known, never ran, waits for another or does not exist', async (t) => {
  const scene = new Scene(t);
  const refused = async (node: string): Promise<string> => {
    const { code, stderr } = await scene.run('accept', 'words', node);
    assert.equal(code, 2, stderr);
    return stderr;
  };
  assert.match(await refused('make'), /make: there is no earlier result of make in the store/);
  assert.match(await refused('use'), /use: what it is is not known yet: it depends on make|never ran before/);
  assert.match(await refused('usee'), /Did you mean "use"/);
  await scene.says('run', 'words');
  assert.match(await refused('make'), /make: its result is known, so there is nothing to accept/);
  scene.edit({ version: '2' });
  await scene.says('accept', 'words', 'make');
  assert.match(await refused('make'), /make: its result is accepted: the same as/);
  assert.match((await scene.run('accepted', '--revoke', 'use')).stderr, /Nothing was accepted for "use"[^]*make \(/);
});

test('an old result that does not fit the types of today is not accepted', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words');
  scene.edit({ version: '2', count: 'z.string()' });
  const { code, stderr } = await scene.run('accept', 'words', 'make');
  assert.equal(code, 2);
  assert.match(stderr, /make: the old result does not fit: its stored output count does not fit its type/);
  assert.deepEqual(await scene.ran().catch(() => ['it ran']), ['it ran']);
});

test('what is known of the files of an accepted result is what the kind of today says', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words');
  scene.edit({ version: '2', times: 2 });
  await scene.says('accept', 'words', 'make');
  assert.deepEqual(await scene.ran(), ['use']);
  assert.deepEqual(await scene.ran(), []);
  scene.edit({ times: 1 });
  assert.deepEqual(await scene.ran(), []);
});

test('of several old results the one that differs least is taken, wherever it stood in a sweep', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words', 'word=a,bb');
  scene.edit({ version: '2' });
  const said = await scene.says('accept', 'words', 'make word=a', 'word=bb,a');
  assert.doesNotMatch(said, /input word/);
  assert.deepEqual(await scene.ran('word=a'), []);
});

test('what was accepted holds for what is accepted on top of it, and no longer than it', async (t) => {
  const scene = await Scene.accepted(t);
  scene.edit({ version: '3' });
  assert.match(await scene.says('accept', 'words', 'make'), /version "2" -> "3"/);
  assert.deepEqual(await scene.ran(), []);
  const first = scene
    .statements()
    .find((path) => readFileSync(path, 'utf8').includes('only its log changed')) as string;
  const print = /([0-9a-f]{64})\.json$/.exec(first)?.[1]?.slice(0, 10) as string;
  assert.match(
    await scene.says('accepted', '--revoke', print),
    /was accepted as the same as that, and stands for nothing/,
  );
  assert.match(
    await scene.says('why', 'words', 'make'),
    /will run: it was accepted as the same as .* no longer in the store/,
  );
  assert.deepEqual(await scene.ran(), ['make']);
});

test('what an accepted result stands for is not collected, and when it is gone that is said', async (t) => {
  const scene = await Scene.accepted(t);
  const store = await scene.store(t);
  const collect = (since: number) =>
    collectGarbage(store, { keep: inUse(store.root, since).fingerprints, dryRun: false, minAgeSeconds: -1 });
  rmSync(join(store.root, 'runs'), { recursive: true }); // no run speaks for it
  await collect(Date.now() - 60_000);
  assert.match(await scene.says('plan', 'words'), /make: accepted: the same as/);
  await collect(Date.now() + 60_000);
  assert.match(
    await scene.says('why', 'words', 'make'),
    /will run: it was accepted as the same as the result of run 0001/,
  );
  assert.match(await scene.says('accepted'), /no longer in the store, so this stands for nothing/);
  assert.match(await scene.says('cache', 'verify'), /accepted for make .* the old result is gone[^]*all is well/);
});

test('what a run took by an accepted statement is kept as long as what it made', async (t) => {
  const scene = await Scene.accepted(t);
  await scene.says('run', 'words');
  const store = await scene.store(t);
  const [old] = store.accepted.all();
  rmSync(join(store.root, 'runs', '0001'), { recursive: true });
  const { fingerprints } = inUse(store.root, Date.now() - 60_000);
  assert.ok(fingerprints.has(old?.as as Digest));
});

test('a statement that was damaged or made up counts for nothing, and verify names it', async (t) => {
  const scene = await Scene.accepted(t);
  const [path] = scene.statements() as [string];
  const text = readFileSync(path, 'utf8');
  const other = text.replaceAll('hello', 'jello');
  for (const damaged of [
    text.slice(0, -80),
    '',
    '{}',
    'null\n',
    other,
    text.replace('"as":"sha256:', '"as":"../../'),
  ]) {
    writeFileSync(path, damaged);
    const plan = await scene.says('plan', 'words');
    assert.match(plan, /make will run: version/);
    assert.match(plan, /is damaged: .*taken as not accepted/);
    const verified = await scene.run('cache', 'verify');
    assert.match(verified.stdout, /damaged statement that sha256:/);
    assert.equal(verified.code, 1);
  }
});

test('a statement never answers with other files than the old result has', async (t) => {
  const scene = await Scene.accepted(t);
  const store = await scene.store(t);
  const [statement] = store.accepted.all();
  assert.ok(statement);
  const stranger = `sha256:${'e'.repeat(64)}`;
  const file = { $artifact: { kind: 'note', digest: stranger, size: 5, meta: { text: 'forged' } } };
  store.accepted.write({ ...statement, outputs: { file, count: 5 } });
  assert.ok(!JSON.stringify(await store.records.get(statement.fingerprint)).includes(stranger));
  assert.deepEqual(await scene.ran(), []);
});

test('a statement that leads out of the store, or to no recipe of its own, counts for nothing', async (t) => {
  const scene = await Scene.accepted(t);
  const [path] = scene.statements() as [string];
  const [json = ''] = readFileSync(path, 'utf8').split('\n');
  const forge = (text: string): void => writeFileSync(path, `${text}\n${digestBytes(text)}\n`);
  const forged = JSON.parse(json) as { as: string; recipe: { inputs: object } };
  for (const wrong of [
    { ...forged, as: 'sha256:../../../../etc/passwd' },
    { ...forged, recipe: { ...forged.recipe, inputs: { word: 'other' } } },
    { ...forged, fingerprint: `sha256:${'a'.repeat(64)}` },
    { ...forged, outputs: { file: { $artifact: { kind: 'note', digest: 'sha256:../x', size: 1, meta: {} } } } },
    { ...forged, by: 7 },
    { ...forged, format: 2 },
  ]) {
    forge(JSON.stringify(wrong));
    assert.match(await scene.says('why', 'words', 'make'), /make will run: version/);
  }
});

test('a node that waits may still be known by what was accepted, and plan does not say that it runs', async (t) => {
  const scene = new Scene(t);
  await scene.says('run', 'words');
  scene.edit({ useVersion: '2' });
  assert.match(await scene.says('plan', 'words', '--force', 'make'), /use will run/);
  await scene.says('accept', 'words', 'use');
  assert.match(await scene.says('plan', 'words', '--force', 'make'), /\? use: it depends on make/);
  assert.deepEqual(await scene.ran('--force', 'make'), ['make']);
});

test('statements that stand for each other stand for nothing', async (t) => {
  const scene = await Scene.accepted(t);
  scene.edit({ version: '3' });
  await scene.says('accept', 'words', 'make');
  const store = await scene.store(t);
  const [one, two] = store.accepted.all();
  assert.ok(one && two);
  store.accepted.write({ ...one, as: two.fingerprint });
  assert.equal(await store.records.get(two.fingerprint), undefined);
  assert.match(await scene.says('why', 'words', 'make'), /will run/);
});

test('a node that ran although it was accepted has a result of its own', async (t) => {
  const scene = await Scene.accepted(t);
  assert.deepEqual(await scene.ran('--force', 'make'), ['make']);
  assert.match(await scene.says('why', 'words', 'make'), /make will not run: its result is known/);
  assert.match(await scene.says('accepted'), /it has run since, and has a result of its own/);
});

for (const records of ['files:records', 'sqlite:here.sqlite']) {
  test(`what is accepted holds whatever keeps the records: ${records}`, async (t) => {
    const scene = new Scene(t);
    writeFileSync(
      join(scene.project.folder, 'pipeline.config.ts'),
      `export default { records: ${JSON.stringify(records)} };\n`,
    );
    await scene.says('run', 'words');
    scene.edit({ version: '2' });
    await scene.says('accept', 'words', 'make');
    assert.deepEqual(await scene.ran(), []);
  });
}
