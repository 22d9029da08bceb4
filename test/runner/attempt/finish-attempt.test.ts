import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import { ActiveAttempt } from '../../../runner/attempt/active-attempt.ts';
import type { AttemptEnd } from '../../../runner/attempt/attempt-end.ts';
import { finishAttempt } from '../../../runner/attempt/finish-attempt.ts';
import { StreamWatch } from '../../../runner/attempt/stream-watch.ts';
import type { Exit } from '../../../runner/executors/executor.ts';
import { noProgress } from '../../../runner/job/shared-outputs.ts';
import { noTries, type Tries } from '../../../runner/log/tries.ts';
import type { HeldArtifact } from '../../../runner/values/leaves.ts';
import { artifact, type Resources, type Shape, stream, task } from '../../../tasks/core/task.ts';
import { IdleExecutor } from '../../support/idle-executor.ts';
import { PassScene } from '../../support/pass-scene.ts';
import { stagedIn } from '../../support/staged.ts';
import { textKind } from '../../support/text-kind.ts';

const int = z.int();
const well: Exit = { code: 0, signal: undefined, cancelled: false };
const badly: Exit = { ...well, code: 1 };

interface FinishOptions {
  readonly onPreempt?: 'resume' | 'restart';
  readonly resources?: Resources;
  readonly tries?: Tries;
  /** It runs on another host, whose files may be waited for so long, in seconds. */
  readonly remote?: { readonly visibleWithinSeconds: number };
  /** Its task has a TypeScript body. */
  readonly isBody?: boolean;
}

/** An attempt that has been started, whose job the test plays. */
class FinishScene {
  readonly pass: PassScene;
  readonly attempt: ActiveAttempt;
  readonly watch: StreamWatch;
  /** What nobody could foresee, told to those who look after the program. */
  readonly diagnosed: unknown[] = [];

  static async open(t: TestContext, outputs: Shape, how: FinishOptions = {}): Promise<FinishScene> {
    const { onPreempt = 'restart', resources = {}, tries = noTries, remote, isBody = false } = how;
    const body = isBody ? { run: async () => ({}) } : { command: () => ['x'] };
    const work = task<Shape, Shape>({
      name: 'work',
      inputs: {},
      outputs,
      onPreempt,
      resources,
      ...(body as object),
    } as never);
    const pass = await PassScene.open(t, Object.values(work({})));
    const job = await stagedIn(pass, 'work', { isRemote: remote !== undefined });
    const executor = Object.assign(new IdleExecutor({ outlivesDriver: remote !== undefined }), remote);
    return new FinishScene(pass, new ActiveAttempt({ job, executor, executorName: 'local', frozen: true, tries }));
  }

  private constructor(pass: PassScene, attempt: ActiveAttempt) {
    this.pass = pass;
    this.attempt = attempt;
    this.watch = new StreamWatch(attempt, { store: pass.store, released: () => {}, isOurs: () => true });
  }

  /** What its program writes for an output, or below it. */
  write(output: string, text: string): void {
    const [name = '', ...inside] = output.split('/');
    const path = join(this.attempt.jobInCopy.out[name] as string, ...inside);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  finish(exit: Exit): Promise<AttemptEnd> {
    this.attempt.exited(undefined);
    const diagnostics = { info: () => {}, error: (told: unknown) => this.diagnosed.push(told) };
    return finishAttempt(this.attempt, this.watch, exit, { store: this.pass.store, diagnostics });
  }
}

/** Another host: what it wrote shows here when somebody has listed a folder of that name twice. */
function showWhenListed(t: TestContext, folder: string, show: () => void): void {
  const list = fsPromises.readdir as (...args: unknown[]) => Promise<never>;
  let looks = 0;
  const mocked = t.mock.method(fsPromises, 'readdir', async (...args: unknown[]) => {
    if (args[0] === folder && ++looks === 2) show();
    return list(...args);
  });
  syncBuiltinESMExports();
  t.after(() => {
    mocked.mock.restore();
    syncBuiltinESMExports();
  });
}

test('a job that ended well gives what it made, and what it held and used', async (t) => {
  const resources = { gpus: 2, cpus: 4, memoryGb: 16 };
  const tries = { ...noTries, outside: 2, avoid: ['node-1'] };
  const scene = await FinishScene.open(t, { n: int }, { resources, tries });
  scene.write('n', '7');
  const usage = { host: 'node-3', seconds: 60, cpuSeconds: 200, peakMemoryGb: 9 };
  assert.deepEqual(await scene.finish({ ...well, usage }), {
    attempt: 1,
    tries,
    seconds: 60,
    log: 'jobs/work.1/log.txt',
    cause: undefined,
    frozen: true,
    held: { gpus: 2, cpus: 4 },
    cost: { gpus: 2, cpus: 4, ...usage, memoryGb: 16 },
    outputs: { n: { value: 7 } },
  });
});

test('how long it took is what its executor measured, else what the driver saw, else nothing of a job elsewhere', async (t) => {
  const here = await FinishScene.open(t, { n: int });
  here.attempt.started(undefined, 100);
  const { seconds } = await here.finish(badly);
  assert.ok(seconds >= 100 && seconds < 110, `${seconds} s`);
  const elsewhere = await FinishScene.open(t, { n: int }, { remote: { visibleWithinSeconds: 0 } });
  elsewhere.attempt.started(undefined, 100);
  assert.equal((await elsewhere.finish(badly)).seconds, 0);
});

test('a job that failed gives nothing, whatever it has written', async (t) => {
  const scene = await FinishScene.open(t, { n: int });
  scene.write('n', '7');
  const { failure, outputs, cause, progress } = await scene.finish(badly);
  assert.deepEqual([failure?.code, outputs, cause, progress], ['exit-code', undefined, undefined, undefined]);
  const preempted = await scene.finish({ ...badly, cause: 'preempted' });
  assert.deepEqual([preempted.failure?.code, preempted.cause], ['preempted', 'preempted']);
});

test('of a job that goes on later it is told how far it came', async (t) => {
  const scene = await FinishScene.open(t, { n: int }, { onPreempt: 'resume' });
  const nothing = await scene.finish(badly);
  scene.write('n', '7');
  const something = await scene.finish(badly);
  assert.equal(nothing.progress, noProgress);
  assert.notEqual(something.progress, noProgress);
  assert.equal((await scene.finish(badly)).progress, something.progress);
});

test('that its service died is what ended a job, not its own program', async (t) => {
  const scene = await FinishScene.open(t, { n: int });
  const died = JSON.stringify({ code: 'service-died', message: 'The server ended with exit code 1.' });
  writeFileSync(join(scene.attempt.job.folder, 'failure.json'), died);
  const { cause, failure } = await scene.finish(badly);
  assert.deepEqual([cause, failure?.message], ['service-died', 'The server ended with exit code 1.']);
});

test('what it made is checked, and what is wrong with it is its failure', async (t) => {
  const scene = await FinishScene.open(t, { n: int });
  scene.write('n', '"seven"');
  const { failure, outputs } = await scene.finish(well);
  assert.deepEqual([failure?.code, outputs, scene.diagnosed], ['wrong-output', undefined, []]);
});

test('an error that nobody foresaw is a failure, and is told to those who look after the program', async (t) => {
  const scene = await FinishScene.open(t, { model: textKind });
  scene.write('model', 'weights');
  const odd = Object.assign(new Error('EXDEV: cross-device link'), { code: 'EXDEV' });
  t.mock.method(scene.pass.store, 'putTree', () => Promise.reject(odd));
  const { failure } = await scene.finish(well);
  assert.deepEqual([failure?.code, scene.diagnosed], ['unexpected', [{ err: odd }]]);
});

test('items that were written last are among its outputs', async (t) => {
  const scene = await FinishScene.open(t, { items: stream(int) });
  scene.write('items/1', '1');
  await scene.watch.lookForTheLastTime();
  scene.write('items/2', '2');
  const { outputs } = await scene.finish(well);
  assert.deepEqual(outputs?.items, {
    items: [
      { key: '1', value: 1 },
      { key: '2', value: 2 },
    ],
  });
});

test('a job that was told to end because of a broken item fails of that, not of having been told', async (t) => {
  const scene = await FinishScene.open(t, { items: stream(int) });
  scene.write('items/1', 'no number');
  const { failure } = await scene.finish({ ...well, cancelled: true });
  assert.equal(failure?.code, 'wrong-output');
  assert.match(failure?.message ?? '', /items\/1/);
});

test('what a program wrote on another host is waited for', { timeout: 10_000 }, async (t) => {
  const scene = await FinishScene.open(t, { n: int }, { remote: { visibleWithinSeconds: 3600 } });
  showWhenListed(t, scene.attempt.job.folder, () => scene.write('n', '7'));
  assert.deepEqual((await scene.finish(well)).outputs, { n: { value: 7 } });
});

test('what a body returned on another host is waited for', { timeout: 10_000 }, async (t) => {
  const scene = await FinishScene.open(t, { n: int }, { isBody: true, remote: { visibleWithinSeconds: 3600 } });
  const { folder } = scene.attempt.job;
  showWhenListed(t, folder, () => writeFileSync(join(folder, 'outputs.json'), '{"n":7}'));
  assert.deepEqual((await scene.finish(well)).outputs, { n: { value: 7 } });
});

test('outputs that attempts share are waited for where they are shared', { timeout: 10_000 }, async (t) => {
  const how = { onPreempt: 'resume', remote: { visibleWithinSeconds: 3600 } } as const;
  const scene = await FinishScene.open(t, { n: int }, how);
  mkdirSync(scene.attempt.job.outFolder, { recursive: true });
  showWhenListed(t, scene.attempt.job.outFolder, () => scene.write('n', '7'));
  assert.deepEqual((await scene.finish(well)).outputs, { n: { value: 7 } });
});

test('a folder is waited for until it is as full as its host left it', { timeout: 10_000 }, async (t) => {
  const folder = artifact('folder-of-two', {
    meta: z.object({ b: z.string() }),
    inspect: async (path) => ({ b: readFileSync(join(path, 'b'), 'utf8') }),
  });
  const scene = await FinishScene.open(t, { made: folder }, { remote: { visibleWithinSeconds: 3600 } });
  const again = join(dirname(scene.attempt.job.folder), 'again-1');
  scene.attempt.started({ folder: again, entries: 3, out: (path) => join(again, basename(path)) }, 0);
  scene.write('made/a', '');
  showWhenListed(t, scene.attempt.jobInCopy.out.made as string, () => scene.write('made/b', 'late'));
  const { outputs } = await scene.finish(well);
  const made = outputs?.made as { value: HeldArtifact } | undefined;
  assert.deepEqual(made?.value.meta, { b: 'late' });
});

test('nothing is waited for of a job that failed, and no folder of a stream that may be empty', {
  timeout: 10_000,
}, async (t) => {
  const remote = { visibleWithinSeconds: 3600 };
  const failed = await FinishScene.open(t, { n: int }, { remote });
  assert.equal((await failed.finish(badly)).failure?.code, 'exit-code');
  assert.equal((await failed.finish({ ...well, cause: 'lost' })).failure?.code, 'lost');
  const empty = await FinishScene.open(t, { items: stream(int) }, { remote });
  assert.deepEqual((await empty.finish(well)).outputs, { items: { items: [] } });
  assert.ok(!existsSync(empty.attempt.job.out.items as string));
});

test('what never shows is missing when its time is over', async (t) => {
  const scene = await FinishScene.open(t, { n: int }, { remote: { visibleWithinSeconds: 0 } });
  assert.equal((await scene.finish(well)).failure?.code, 'output-missing');
});
