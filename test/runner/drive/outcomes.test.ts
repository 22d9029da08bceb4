import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { NodeRecord } from '../../../cache/records.ts';
import type { AttemptEnd } from '../../../runner/attempt/attempt-end.ts';
import { Outcomes } from '../../../runner/drive/outcomes.ts';
import { recordOf } from '../../../runner/drive/run-facts.ts';
import { workFolder } from '../../../runner/job/staged-job.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import { noTries } from '../../../runner/log/tries.ts';
import { stream, task, uncounted } from '../../../tasks/core/task.ts';
import { PassScene } from '../../support/pass-scene.ts';

const int = z.int();
/** Calls that differ in `at` alone are the same. */
const train = task({
  name: 'train',
  inputs: { seed: int, at: uncounted(z.string().default('/here')) },
  outputs: { n: int },
  command: () => ['x'],
});
const score = task({ name: 'score', inputs: { n: int }, outputs: { s: int }, command: () => ['x'] });
const twice = [train({ seed: 1, at: '/a' }).n, train({ seed: 1, at: '/b' }).n];

const end = (more: Partial<AttemptEnd>): AttemptEnd => ({ attempt: 1, seconds: 2, tries: noTries, ...more });
const seven = end({ outputs: { n: { value: 7 } } });
const exitCode = { code: 'exit-code', message: 'It ended with exit code 1.' };

/** Outcomes over a real pass; its attempts have no folders. */
class OutcomesScene {
  readonly pass: PassScene;
  readonly outcomes: Outcomes;
  readonly cleaned: KeyedCall[] = [];
  readonly forgotten: KeyedCall[] = [];
  /** Inputs that jobs wrote to. */
  changedInputs: string[] = [];
  isUnwanted = false;
  isStopping = false;

  static async open(t: TestContext, wanted: unknown, beside?: PassScene): Promise<OutcomesScene> {
    return new OutcomesScene(await PassScene.open(t, wanted, { beside }));
  }

  private constructor(scene: PassScene) {
    const { pass, journal, leases, losses, recipes, history, store } = scene;
    this.pass = scene;
    this.outcomes = new Outcomes({
      run: scene.log.run,
      pass,
      journal,
      leases,
      losses,
      recipes,
      history,
      store,
      attempts: {
        changedInputs: () => this.changedInputs,
        clean: (call) => this.cleaned.push(call),
        forget: (call) => this.forgotten.push(call),
        forgetLost: () => undefined,
        endedWellAfterAll: () => false,
        staysWithScheduler: () => false,
      },
      isUnwanted: () => this.isUnwanted,
      isStopping: () => this.isStopping,
    });
  }

  /** The call at an address, which runs: it has its lease. */
  async running(address: string): Promise<KeyedCall> {
    const call = await this.pass.call(address);
    this.pass.leases.take(call.fingerprint);
    this.pass.pass.shared.lead(call);
    return call;
  }

  stored({ fingerprint }: KeyedCall): Promise<NodeRecord | undefined> {
    return this.pass.store.records.get(fingerprint);
  }
}

test('a result is on record, and its lease free, for whoever comes next', async (t) => {
  const scene = await OutcomesScene.open(t, train({ seed: 1 }));
  const call = await scene.running('train');
  await scene.outcomes.ended(call, { ...seven, held: { gpus: 1, cpus: 4 } });
  const { outputs, provenance } = (await scene.stored(call)) ?? assert.fail('it is not on record');
  assert.deepEqual([outputs, provenance.gpus, provenance.run], [{ n: 7 }, 1, '0001']);
  assert.deepEqual([scene.pass.leases.has(call.fingerprint), scene.cleaned, scene.forgotten], [false, [call], [call]]);
});

test('those with the same fingerprint take what the first gives, and nothing is counted twice', async (t) => {
  const scene = await OutcomesScene.open(t, twice);
  const call = await scene.running('train');
  scene.pass.pass.shared.follow(await scene.pass.call('train~2'));
  await scene.outcomes.ended(call, seven);
  assert.deepEqual(scene.pass.told, ['node-finished train', 'node-cached train~2']);
  const { from, seconds } = scene.pass.last('node-cached');
  assert.deepEqual([from, seconds], ['same-run', undefined]);
  assert.deepEqual(scene.pass.pass.dataflow.value(twice), [7, 7]);
});

test('when the first fails, those with the same fingerprint are skipped because of it, and so is what needs them', async (t) => {
  const scene = await OutcomesScene.open(t, [twice[0], score({ n: twice[1] as (typeof twice)[0] }).s]);
  const call = await scene.running('train');
  scene.pass.pass.shared.follow(await scene.pass.call('train~2'));
  await scene.outcomes.ended(call, end({ failure: exitCode }));
  assert.deepEqual(scene.pass.told, ['node-failed train', 'node-skipped train~2']);
  assert.equal(scene.pass.last('node-skipped').because, 'train');
  assert.deepEqual(
    scene.pass.pass.dataflow.takeSkipped().map(({ address }) => address),
    ['score'],
  );
  assert.equal(scene.pass.leases.has(call.fingerprint), false);
});

test('when an input changed while the job ran, nothing is kept', async (t) => {
  const scene = await OutcomesScene.open(t, train({ seed: 1 }));
  const call = await scene.running('train');
  scene.changedInputs = ['/data/episodes'];
  await scene.outcomes.ended(call, seven);
  const { failure, willRetry } = scene.pass.last('node-failed');
  assert.deepEqual([failure.code, willRetry, await scene.stored(call)], ['input-changed', false, undefined]);
  assert.match(failure.message, /^\/data\/episodes changed while it ran/);
  assert.equal(scene.pass.leases.has(call.fingerprint), false);
});

test('an edit of its code is of no matter to a job that ran a frozen copy, and spoils every other', async (t) => {
  const program = (name: string) =>
    task({ name, inputs: {}, outputs: { n: int }, code: ['program.sh'], command: () => ['x'] });
  const scene = await OutcomesScene.open(t, [program('frozen')({}).n, program('plain')({}).n]);
  const path = join(scene.pass.store.root, 'program.sh');
  writeFileSync(path, 'echo 1');
  const [frozen, plain] = [await scene.running('frozen'), await scene.running('plain')];
  writeFileSync(path, 'echo 2');
  await scene.outcomes.ended(frozen, { ...seven, frozen: true });
  await scene.outcomes.ended(plain, seven);
  assert.deepEqual(scene.pass.told, ['node-finished frozen', 'node-failed plain']);
  assert.match(scene.pass.last('node-failed').failure.message, /^program\.sh changed/);
});

test('an attempt that was told to stop is not tried again, and another run may have its fingerprint at once', async (t) => {
  const scene = await OutcomesScene.open(t, train({ seed: 1 }, { retries: 3 }));
  const other = await PassScene.open(t, [], { beside: scene.pass });
  const call = await scene.running('train');
  await scene.outcomes.ended(call, end({ cause: 'cancelled', failure: { code: 'cancelled', message: 'Stop.' } }));
  assert.deepEqual([scene.pass.last('node-failed').willRetry, scene.pass.pass.queue.length], [true, 0]);
  assert.equal(other.leases.take(call.fingerprint), true);
});

test('a failed attempt that has tries left is queued again with what failed, and its lease is kept', async (t) => {
  const scene = await OutcomesScene.open(t, train({ seed: 1 }, { retries: 1 }));
  const call = await scene.running('train');
  await scene.outcomes.ended(call, end({ failure: exitCode }));
  const next = scene.pass.pass.queue.at('train');
  assert.deepEqual([next?.attempt, next?.tries.program], [2, 1]);
  assert.match(next?.reason ?? '', /^attempt 1 failed: It ended with exit code 1/);
  assert.deepEqual([scene.pass.last('node-failed').tries?.program, scene.forgotten], [1, [call]]);
  assert.equal(scene.pass.leases.has(call.fingerprint), true);
});

test('nothing is tried again in a run that stops, nor what somebody wants to end', async (t) => {
  for (const why of ['isStopping', 'isUnwanted'] as const) {
    const scene = await OutcomesScene.open(t, train({ seed: 1 }, { retries: 3 }));
    const call = await scene.running('train');
    scene[why] = true;
    await scene.outcomes.ended(call, end({ failure: exitCode }));
    const { failure, willRetry } = scene.pass.last('node-failed');
    const code = why === 'isUnwanted' ? 'cancelled-on-request' : 'exit-code';
    assert.deepEqual([failure.code, willRetry, scene.pass.pass.queue.length], [code, false, 0]);
  }
});

test('what another run made has saved its time, and what an earlier driver of this run made has not', async (t) => {
  const other = await PassScene.open(t, []);
  const scene = await OutcomesScene.open(t, [train({ seed: 1 }).n, train({ seed: 2 }).n], other);
  const made = end({ held: { gpus: 2, cpus: 8 } });
  for (const [address, run, saved] of [
    ['train', other.log.run, [2, 2, 8]],
    ['train~2', scene.pass.log.run, [undefined, undefined, undefined]],
  ] as const) {
    const call = await scene.pass.call(address);
    scene.outcomes.hit(call, recordOf(call, { n: { value: 7 } }, made, run), 'store');
    const { seconds, gpus, cpus } = scene.pass.last('node-cached');
    assert.deepEqual([seconds, gpus, cpus], saved);
  }
  assert.equal(scene.pass.journal.state.saved.nodes, 1);
});

test('in a later pass, what this run has made is no news', async (t) => {
  const scene = await OutcomesScene.open(t, train({ seed: 1 }));
  const call = await scene.running('train');
  await scene.outcomes.ended(call, seven);
  scene.outcomes.hit(call, (await scene.stored(call)) ?? assert.fail('it is not on record'), 'store');
  assert.deepEqual(scene.pass.told, ['node-finished train']);
});

test('an item that was released with another value calls for a new pass, and one with the same does not', async (t) => {
  const flow = task({ name: 'flow', inputs: {}, outputs: { items: stream(int) }, command: () => ['x'] });
  for (const [value, isOther] of [
    [1, false],
    [2, true],
  ] as const) {
    const scene = await OutcomesScene.open(t, flow({}).items);
    const call = await scene.running('flow');
    scene.pass.pass.dataflow.release('flow', 'items', { key: 'a', value: 1 });
    await scene.outcomes.ended(call, end({ outputs: { items: { items: [{ key: 'a', value }] } } }));
    assert.equal(scene.pass.losses.callsForNewPass, isOther);
  }
});

test('what was left to go on from goes once the result is known, unless another run works in it', async (t) => {
  const resuming = task({ name: 'long', inputs: {}, outputs: { n: int }, onPreempt: 'resume', command: () => ['x'] });
  const scene = await OutcomesScene.open(t, resuming({}));
  const other = await PassScene.open(t, [], { beside: scene.pass });
  const call = await scene.pass.call('long');
  const work = workFolder(scene.pass.store, call.fingerprint);
  mkdirSync(join(work, 'out'), { recursive: true });
  other.leases.take(call.fingerprint);
  const record = recordOf(call, { n: { value: 7 } }, seven, other.log.run);
  scene.outcomes.hit(call, record, 'store');
  assert.equal(existsSync(work), true);
  other.leases.release(call.fingerprint);
  scene.outcomes.hit(call, record, 'store');
  assert.deepEqual([existsSync(work), other.leases.take(call.fingerprint)], [false, true]);
});
