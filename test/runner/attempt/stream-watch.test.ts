import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { Digest } from '../../../cache/digest.ts';
import { ActiveAttempt } from '../../../runner/attempt/active-attempt.ts';
import { StreamWatch } from '../../../runner/attempt/stream-watch.ts';
import type { Copy } from '../../../runner/executors/executor.ts';
import { workFolder } from '../../../runner/job/staged-job.ts';
import { noTries } from '../../../runner/log/tries.ts';
import type { HeldArtifact } from '../../../runner/values/leaves.ts';
import { artifact, hasFile, stream, task } from '../../../tasks/core/task.ts';
import { eventually } from '../../support/eventually.ts';
import { IdleExecutor } from '../../support/idle-executor.ts';
import { PassScene } from '../../support/pass-scene.ts';
import { stagedIn } from '../../support/staged.ts';
import { textKind } from '../../support/text-kind.ts';

const int = z.int();

interface WatchOptions {
  readonly onPreempt?: 'resume' | 'restart';
  /** Its job runs on another host. */
  readonly isRemote?: boolean;
  /** An earlier attempt at the same call. */
  readonly after?: WatchScene;
}

/** The stream `items` of an attempt that the test plays the program of. */
class WatchScene {
  readonly pass: PassScene;
  readonly attempt: ActiveAttempt;
  readonly executor: IdleExecutor;
  readonly watch: StreamWatch;
  /** The keys of items in the order in which they were released. */
  readonly released: string[] = [];
  isOurs = true;

  static async open(t: TestContext, items: z.ZodType, how: WatchOptions = {}): Promise<WatchScene> {
    const { onPreempt = 'restart', isRemote = false, after } = how;
    const flow = task({ name: 'flow', inputs: {}, outputs: { items }, onPreempt, command: () => ['x'] });
    const pass = await PassScene.open(t, flow({}), { beside: after?.pass });
    const executor = new IdleExecutor({ outlivesDriver: isRemote });
    const job = await stagedIn(pass, 'flow', { isRemote });
    const attempt = new ActiveAttempt({ job, executor, executorName: 'local', frozen: false, tries: noTries });
    return new WatchScene(pass, attempt, executor);
  }

  private constructor(pass: PassScene, attempt: ActiveAttempt, executor: IdleExecutor) {
    this.pass = pass;
    this.attempt = attempt;
    this.executor = executor;
    this.watch = new StreamWatch(attempt, {
      store: pass.store,
      released: (_, { key }) => this.released.push(key),
      isOurs: () => this.isOurs,
    });
  }

  /** Where its program writes an item. */
  path(key: string): string {
    return join(this.attempt.jobInCopy.out.items as string, key);
  }

  write(key: string, text: string): void {
    mkdirSync(dirname(this.path(key)), { recursive: true });
    writeFileSync(this.path(key), text);
  }

  /** A look that one can wait for: the last one is. */
  look(): Promise<void> {
    return this.watch.lookForTheLastTime();
  }

  get values(): unknown[] {
    return (this.watch.items.get('items') ?? []).map(({ key, value }) => [key, value]);
  }

  /** What is noted down for those who come later. */
  get ledger(): string {
    return join(workFolder(this.pass.store, this.attempt.job.call.fingerprint), 'released.jsonl');
  }

  /** Takes the files of an item out of the store. */
  lose(key: string): void {
    const { value } = this.watch.items.get('items')?.find((item) => item.key === key) ?? assert.fail(`no item ${key}`);
    const digest = (value as HeldArtifact).digest as Digest;
    const { store } = this.pass;
    rmSync(store.blobs.pathOf(digest));
    store.forget();
  }
}

test('an item is taken once, and in the order of its name among those that came together', async (t) => {
  const scene = await WatchScene.open(t, stream(int));
  for (const key of ['10', '9']) scene.write(key, key);
  await scene.look();
  scene.write('2', '2');
  await scene.look();
  assert.deepEqual(scene.released, ['9', '10', '2']);
  assert.deepEqual(scene.values, [
    ['9', 9],
    ['10', 10],
    ['2', 2],
  ]);
});

test('an item that is not whole by its rule is not taken', async (t) => {
  const folder = artifact('step', { meta: z.object({}), inspect: async () => ({}) });
  const scene = await WatchScene.open(t, stream(folder, { ready: hasFile('done') }));
  scene.write('100/weights', 'half');
  await scene.look();
  assert.deepEqual(scene.released, []);
  scene.write('100/done', '');
  await scene.look();
  assert.deepEqual(scene.released, ['100']);
});

test('half an item is not taken while it grows, and is broken once it stands still', async (t) => {
  const scene = await WatchScene.open(t, stream(z.array(int)));
  scene.write('whole', '[1');
  scene.write('torn', '[1');
  await scene.look();
  assert.deepEqual([scene.released, scene.watch.broken], [[], undefined]);
  scene.write('whole', '[1, 2]');
  scene.write('torn', '[1, 2');
  await scene.look();
  assert.deepEqual([scene.released, scene.watch.broken], [['whole'], undefined]);
  await scene.look();
  assert.deepEqual([scene.watch.broken?.code, scene.executor.cancelled.length], ['wrong-output', 1]);
  assert.match(scene.watch.broken?.message ?? '', /items\/torn/);
});

test('what is broken at the end of its job is broken at once', async (t) => {
  const scene = await WatchScene.open(t, stream(int));
  scene.write('1', 'half of {');
  scene.attempt.exited(undefined);
  await scene.look();
  assert.equal(scene.watch.broken?.code, 'wrong-output');
});

test('an item that its program deletes while it is taken is none, and breaks nothing', async (t) => {
  const fleeting = artifact('fleeting', {
    meta: z.object({}),
    inspect: async (path) => {
      rmSync(path);
      return {};
    },
  });
  for (const hasEnded of [false, true]) {
    const scene = await WatchScene.open(t, stream(fleeting));
    scene.write('1', 'soon gone');
    if (hasEnded) scene.attempt.exited(undefined);
    await scene.look();
    assert.deepEqual([scene.released, scene.watch.broken, existsSync(scene.path('1'))], [[], undefined, false]);
  }
});

test('an item that is written to while it is taken is taken as it is in the end', async (t) => {
  const growing = artifact('growing', {
    meta: z.object({ length: int }),
    inspect: async (path) => {
      const { length } = readFileSync(path);
      if (length < 4) appendFileSync(path, 'more');
      return { length };
    },
  });
  const scene = await WatchScene.open(t, stream(growing));
  scene.write('1', 'abc');
  await scene.look();
  assert.deepEqual(scene.released, []);
  await scene.look();
  const taken = scene.watch.items.get('items')?.[0]?.value as HeldArtifact | undefined;
  assert.deepEqual([taken?.meta, taken?.size], [{ length: 7 }, 7]);
});

test('items that an earlier attempt released are items again, though its program has deleted them', async (t) => {
  const before = await WatchScene.open(t, stream(textKind), { onPreempt: 'resume' });
  for (const key of ['1', '2']) before.write(key, `weights ${key}`);
  await before.look();
  rmSync(before.path('1'));
  const after = await WatchScene.open(t, stream(textKind), { onPreempt: 'resume', after: before });
  after.watch.releaseAgain();
  assert.deepEqual(after.values, before.values);
  await after.look();
  after.watch.releaseAgain();
  assert.deepEqual(after.released, ['1', '2']);
});

test('an item that the store has lost is none again, unless its program has it still', async (t) => {
  const before = await WatchScene.open(t, stream(textKind), { onPreempt: 'resume' });
  for (const key of ['1', '2', '3']) before.write(key, `weights ${key}`);
  await before.look();
  for (const key of ['1', '2']) before.lose(key);
  rmSync(before.path('1'));
  const after = await WatchScene.open(t, stream(textKind), { onPreempt: 'resume', after: before });
  after.watch.releaseAgain();
  assert.deepEqual(after.released, ['3']);
  await after.look();
  assert.deepEqual(after.released, ['3', '2']);
});

test('a line that a killed driver left torn costs its own item alone', async (t) => {
  const before = await WatchScene.open(t, stream(int), { onPreempt: 'resume' });
  for (const key of ['1', '2']) before.write(key, key);
  await before.look();
  const text = readFileSync(before.ledger, 'utf8');
  writeFileSync(before.ledger, text.slice(0, -8));
  rmSync(before.path('1'));

  const next = await WatchScene.open(t, stream(int), { onPreempt: 'resume', after: before });
  next.watch.releaseAgain();
  assert.deepEqual(next.released, ['1']);
  await next.look();
  assert.deepEqual(next.released, ['1', '2']);

  const last = await WatchScene.open(t, stream(int), { onPreempt: 'resume', after: before });
  last.watch.releaseAgain();
  assert.deepEqual(last.released, ['1', '2']);
});

test('a job that starts from the beginning releases all of its items again', async (t) => {
  const scene = await WatchScene.open(t, stream(int));
  scene.write('1', '1');
  await scene.look();
  scene.watch.forget();
  assert.deepEqual(scene.values, []);
  scene.write('1', '7');
  await scene.look();
  assert.deepEqual([scene.released, scene.values], [['1', '1'], [['1', 7]]]);
});

test('an attempt that nobody can go on from notes nothing down', async (t) => {
  const scene = await WatchScene.open(t, stream(int));
  scene.write('1', '1');
  await scene.look();
  assert.deepEqual(
    [scene.ledger, join(scene.attempt.job.folder, 'released.jsonl')].filter((path) => existsSync(path)),
    [],
  );
});

test('on another host, items are looked for where the copy that counts writes, once that is known', async (t) => {
  const scene = await WatchScene.open(t, stream(int), { isRemote: true });
  scene.write('early', '1');
  scene.watch.look(0);
  const folder = join(scene.attempt.job.folder, 'again-1');
  const copy: Copy = { folder, out: (path) => path.replace(scene.attempt.job.folder, folder) };
  scene.attempt.started(copy, 0);
  scene.write('late', '2');
  await eventually('an item was taken', () => {
    scene.watch.look(performance.now());
    return scene.released.length > 0;
  });
  assert.deepEqual(scene.values, [['late', 2]]);
  assert.match(readFileSync(join(folder, 'released.jsonl'), 'utf8'), /^\{.*"key":"late".*\}\n$/);
});

test('a job on another host that was lost unseen has the items that were noted down for it', async (t) => {
  const scene = await WatchScene.open(t, stream(int), { isRemote: true });
  const line = JSON.stringify({ output: 'items', key: '1', value: 1 });
  writeFileSync(join(scene.attempt.job.folder, 'released.jsonl'), `${line}\n`);
  await scene.look();
  assert.deepEqual(scene.values, [['1', 1]]);
});

test('an attempt without streams is never looked at', async (t) => {
  const scene = await WatchScene.open(t, z.array(int));
  scene.write('1', '1');
  await scene.look();
  assert.deepEqual([scene.watch.isEmpty, scene.released], [true, []]);
});

test('items that share the last segment of their paths are two items, whenever they come', async (t) => {
  const scene = await WatchScene.open(t, stream(int, { match: '*/*' }));
  scene.write('left/1', '10');
  await scene.look();
  scene.write('right/1', '20');
  scene.write('left/2', '11');
  await scene.look();
  assert.deepEqual(scene.values, [
    ['left/1', 10],
    ['left/2', 11],
    ['right/1', 20],
  ]);
});

test('what the glob spells out is no part of a key, before and after what it leaves open', async (t) => {
  const scene = await WatchScene.open(t, stream(int, { match: 'all/*/*/loss' }));
  scene.write('all/a/1/loss', '1');
  scene.write('all/b/1/loss', '2');
  await scene.look();
  assert.deepEqual(scene.released, ['a/1', 'b/1']);
});

test('two items of one name end a job whose items have names as keys, also when the first is gone and told by an earlier attempt', async (t) => {
  const items = stream(int, { match: '*/*', key: 'name' });
  const first = await WatchScene.open(t, items, { onPreempt: 'resume' });
  first.write('left/1', '10');
  await first.look();
  assert.deepEqual([first.released, first.watch.broken], [['1'], undefined]);
  rmSync(first.path('left'), { recursive: true });
  const second = await WatchScene.open(t, items, { onPreempt: 'resume', after: first });
  second.watch.releaseAgain();
  second.write('right/1', '20');
  await second.look();
  assert.equal(second.watch.broken?.code, 'key-twice');
  assert.match(second.watch.broken?.message ?? '', /"1": left\/1 and right\/1/);
  assert.deepEqual(second.values, [['1', 10]]);
});

test('an item whose name is no UTF-8 ends its job instead of being left out', async (t) => {
  const scene = await WatchScene.open(t, stream(int));
  scene.write('1', '1');
  writeFileSync(Buffer.concat([Buffer.from(`${scene.path('')}/`), Buffer.from([0x61, 0xff])]), '2');
  await scene.look();
  assert.equal(scene.watch.broken?.code, 'wrong-key');
});
