import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore, type Store } from '../../../../cache/store.ts';
import { newestWith, runsOf } from '../../../../runner/cli/results/find-result.ts';
import { pastRun } from '../../../support/past-run.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { ended } from '../../views/scene.ts';

async function storeOf(t: TestContext): Promise<Store> {
  const store = await openStore(tempFolder(t));
  t.after(() => store.close());
  return store;
}

/** A run that came to these results. */
function ran(store: Store, pipeline: string, results: Record<string, unknown>): string {
  return pastRun(store, pipeline, [ended('succeeded', results)]);
}

function found(store: Store, output: string, name = 'demo'): unknown {
  const { run, value } = newestWith(store, name, output, undefined);
  return [run.run, value];
}

const model = (digest: string) => ({ $artifact: { kind: 'checkpoint', digest, size: 1 } });

test('a result is taken from the newest run that has it, of that pipeline', async (t) => {
  const store = await storeOf(t);
  ran(store, 'demo', { score: 1, policy: model('a') });
  ran(store, 'demo', { score: 2 });
  ran(store, 'other', { score: 3 });
  pastRun(store, 'demo', []);
  assert.deepEqual(found(store, 'score'), ['0002', 2]);
  assert.deepEqual(found(store, 'policy'), ['0001', model('a')]);
});

test('a run that is under way or failed is one too, and the newest comes first', async (t) => {
  const store = await storeOf(t);
  ran(store, 'demo', {});
  ran(store, 'other', {});
  pastRun(store, 'demo', []);
  pastRun(store, 'demo', [ended('failed')]);
  assert.deepEqual(
    [...runsOf(store, 'demo', undefined)].map(({ run, state }) => `${run} ${state.status}`),
    ['0004 failed', '0003 running', '0001 succeeded'],
  );
});

test('what a person calls a pipeline may be the name that was given or that of its file', async (t) => {
  const store = await storeOf(t);
  const run = ran(store, 'demo', { score: 1 });
  const given = { name: './mine/first-try.ts', file: '/home/ada/pipelines/renamed.ts' };
  const request = { pipeline: 'demo', overrides: [], startedAt: '2026-01-01T00:00:00.000Z', ...given };
  writeFileSync(join(store.root, 'runs', run, 'run.json'), JSON.stringify(request));
  for (const name of ['demo', 'renamed', './mine/first-try.ts'])
    assert.deepEqual(found(store, 'score', name), [run, 1]);
  assert.throws(() => found(store, 'score', 'first-try'), { code: 'no-such-run' });
});

test('names go into groups, records and lists by key, and a key may hold dots itself', async (t) => {
  const store = await storeOf(t);
  ran(store, 'demo', {
    'lr=0.5': { policy: model('a'), scores: { mean: 1, 'p.95': 2 } },
    items: {
      $stream: [
        { key: '1', value: { at: { step: 7 } } },
        { key: '1.5', value: model('b') },
      ],
    },
  });
  const valueOf = (output: string) => (found(store, output) as unknown[])[1];
  assert.deepEqual(valueOf('lr=0.5.policy'), model('a'));
  assert.equal(valueOf('lr=0.5.scores.mean'), 1);
  assert.equal(valueOf('lr=0.5.scores.p.95'), 2);
  assert.equal(valueOf('items.1.at.step'), 7);
  assert.deepEqual(valueOf('items.1.5'), model('b'));
  assert.throws(() => valueOf('lr=0.5.policy.$artifact.digest'), { code: 'no-such-result' });
});

test('a result that no run has is told with the likely one, and with all there are', async (t) => {
  const store = await storeOf(t);
  ran(store, 'demo', { old: 0 });
  ran(store, 'demo', { score: 1, group: { policy: model('a') } });
  assert.throws(() => found(store, 'scroe'), {
    code: 'no-such-result',
    message: 'No run of demo has a result "scroe"; did you mean "score"?',
    hint: 'Its results: score, group.policy, old.',
  });
  ran(store, 'empty', {});
  assert.throws(() => found(store, 'score', 'empty'), { hint: 'None of its runs got that far: pipeline run empty' });
});

test('a pipeline without runs is told with the likely one and where runs are listed, or how to start it', async (t) => {
  const store = await storeOf(t);
  ran(store, 'demo', {});
  assert.throws(() => newestWith(store, 'dmeo', 'score', '/data'), {
    code: 'no-such-run',
    message: 'There is no run of "dmeo"; did you mean "demo"?',
    hint: 'The runs there are: pipeline runs --store /data',
  });
  assert.throws(() => [...runsOf(store, 'nothing-like-it', undefined)], {
    message: 'There is no run of "nothing-like-it".',
    hint: 'Start one: pipeline run nothing-like-it',
  });
});
