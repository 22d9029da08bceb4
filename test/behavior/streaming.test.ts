import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { existsSync } from 'node:fs';
import { artifact, stream } from '../../tasks/core/task.ts';
import { eventually } from '../support/eventually.ts';
import { outOf, Rig } from '../support/rig.ts';

const policy = z.object({ step: z.int() });

test('an item is used while its producer still runs', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', { steps: z.int() }, { checkpoints: stream(policy) });
  const score = rig.puppet('score', { policy }, { successRate: z.number() });
  const pick = rig.puppet(
    'pick',
    { scored: z.array(z.object({ policy, successRate: z.number() })) },
    { best: z.int() },
  );
  const run = await rig.run(() => {
    const { checkpoints } = train({ steps: 200 });
    return { best: pick({ scored: checkpoints.each((item) => ({ policy: item, ...score({ policy: item }) })) }).best };
  });

  const training = await rig.started('train');
  await training.write(`${outOf(training, 'checkpoints')}/100`, '{"step":100}');
  const scoring = await rig.started('score');
  assert.equal(run.of('node-finished').length, 0);

  await scoring.write(outOf(scoring, 'successRate'), '0.4');
  scoring.exit();
  training.exit();
  const picking = await rig.started('pick');
  assert.match(picking.args.join(' '), /scored=\[\{"policy":\{"step":100\},"successRate":0.4\}\]/);
  await picking.write(outOf(picking, 'best'), '100');
  picking.exit();
  const end = await run.ended();
  assert.deepEqual(end.results, { best: 100 });
  assert.deepEqual(end.counts, { done: 3, cached: 0, failed: 0, skipped: 0 });
});

test('items released before a failure are evaluated and remembered', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', { steps: z.int() }, { checkpoints: stream(policy) });
  const score = rig.puppet('score', { policy }, { successRate: z.number() });
  const build = () => ({
    scores: train({ steps: 200 }).checkpoints.each((item) => score({ policy: item }).successRate),
  });

  const first = await rig.run(build);
  const training = await rig.started('train');
  await training.write(`${outOf(training, 'checkpoints')}/100`, '{"step":100}');
  const scoring = await rig.started('score');
  training.exit(3);
  await first.saw('node-failed', 'train');
  await scoring.write(outOf(scoring, 'successRate'), '0.4');
  scoring.exit();
  const end = await first.ended();
  assert.equal(end.status, 'failed');
  assert.deepEqual(end.counts, { done: 1, cached: 0, failed: 1, skipped: 0 });

  const second = await rig.run(build);
  const again = await rig.started('train');
  await again.write(`${outOf(again, 'checkpoints')}/100`, '{"step":100}');
  await second.saw('node-cached', 'score[100]');
  again.exit();
  assert.deepEqual((await second.ended()).counts, { done: 1, cached: 1, failed: 0, skipped: 0 });
  assert.equal(rig.stage.count('score'), 1);
});

test('an item is released once, however long its ready rule takes', async (t) => {
  const rig = await Rig.start(t);
  const [asked, decided] = [gate(), gate()];
  const slow = {
    isReady: async () => {
      asked.open();
      await decided.opened;
      return true;
    },
  };
  const train = rig.puppet('train', {}, { checkpoints: stream(policy, { ready: slow }) });
  const other = rig.puppet('other', {}, { items: stream(policy) });
  const run = await rig.run(() => ({ ...train({}), ...other({}) }));
  const [training, beside] = [await rig.started('train'), await rig.started('other')];
  await training.write(`${outOf(training, 'checkpoints')}/100`, '{"step":100}');
  await asked.opened;
  const releasedBeside = (): number => run.of('item-released').filter((address) => address === 'other').length;
  for (const step of [1, 2]) {
    // Every running job is looked at when the other one is.
    await beside.write(`${outOf(beside, 'items')}/${step}`, `{"step":${step}}`);
    await eventually(`item ${step} of the other job was seen`, () => releasedBeside() === step);
  }
  decided.open();
  training.exit();
  beside.exit();
  const { results } = await run.ended();
  assert.deepEqual(results?.checkpoints, { $stream: [{ key: '100', value: { step: 100 } }] });
  assert.equal(run.of('item-released').filter((address) => address === 'train').length, 1);
});

test('when a second attempt gives another item under the same key, what follows is made from that one', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { checkpoints: stream(policy) });
  const score = rig.puppet('score', { policy }, { successRate: z.number() });
  const run = await rig.run(() => ({
    scores: train({}, { retries: 1 }).checkpoints.each((item) => score({ policy: item }).successRate),
  }));
  const scoreAs = async (successRate: string): Promise<void> => {
    const scoring = await rig.started('score');
    await scoring.write(outOf(scoring, 'successRate'), successRate);
    scoring.exit();
  };
  const dying = await rig.started('train');
  await dying.write(`${outOf(dying, 'checkpoints')}/100`, '{"step":1}');
  await scoreAs('0.1');
  await run.saw('node-finished', 'score[100]');
  dying.exit(1);
  const again = await rig.started('train');
  await again.write(`${outOf(again, 'checkpoints')}/100`, '{"step":2}');
  again.exit();
  await scoreAs('0.2');
  assert.deepEqual((await run.ended()).results, { scores: { $stream: [{ key: '100', value: 0.2 }] } });
});

function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

/** A folder with `a` and `b`; `meanwhile` happens while an item is looked at. */
function pairOfFiles(meanwhile: (path: string) => Promise<unknown>) {
  return artifact('pair', {
    meta: z.object({}),
    inspect: async (path) => {
      await meanwhile(path);
      if (!existsSync(`${path}/a`)) throw new Error(`${path} has no a`);
      return {};
    },
  });
}

for (const goesFirst of ['a', 'b']) {
  test(`an item whose program deletes it while it is taken, ${goesFirst} first, is no item and fails nothing`, async (t) => {
    const rig = await Rig.start(t);
    const halfGone = gate();
    const looked = gate();
    const pair = pairOfFiles(async (path) => {
      if (!path.endsWith('/100')) return;
      looked.open();
      await halfGone.opened;
    });
    const train = rig.puppet('train', {}, { checkpoints: stream(pair, { match: '+([0-9])' }) });
    const run = await rig.run(() => train({}));
    const training = await rig.started('train');
    const out = outOf(training, 'checkpoints');
    for (const name of ['a', 'b']) await training.write(`${out}/100.tmp/${name}`, name);
    await training.rename(`${out}/100.tmp`, `${out}/100`);
    await looked.opened;
    await training.remove(`${out}/100/${goesFirst}`);
    halfGone.open();
    await training.remove(`${out}/100`);

    for (const name of ['a', 'b']) await training.write(`${out}/200.tmp/${name}`, name);
    await training.rename(`${out}/200.tmp`, `${out}/200`);
    const released = await run.saw('item-released');
    assert.equal(released.key, '200');
    training.exit();
    assert.equal((await run.ended()).status, 'succeeded');
    assert.equal(run.of('item-released').length, 1);
  });
}

test('an item stays one after its program has deleted it', async (t) => {
  const rig = await Rig.start(t);
  const train = rig.puppet('train', {}, { checkpoints: stream(pairOfFiles(async () => {})) });
  const run = await rig.run(() => train({}));
  const training = await rig.started('train');
  const out = outOf(training, 'checkpoints');
  for (const step of ['100', '200']) {
    for (const name of ['a', 'b']) await training.write(`${out}/.${step}/${name}`, `${name} of ${step}`);
    await training.rename(`${out}/.${step}`, `${out}/${step}`);
    if (step === '200') await training.remove(`${out}/100`);
    else await run.saw('item-released');
  }
  training.exit();
  const { results } = await run.ended();
  const { $stream } = (results as { checkpoints: { $stream: { key: string }[] } }).checkpoints;
  assert.deepEqual(
    $stream.map(({ key }) => key),
    ['100', '200'],
  );
});
