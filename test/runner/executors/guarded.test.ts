import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Change, Executor, Job } from '../../../runner/executors/executor.ts';
import { guarded } from '../../../runner/executors/guarded.ts';
import { handingOnCopies } from '../../support/copies-of-jobs.ts';
import { IdleExecutor } from '../../support/idle-executor.ts';
import { Rig } from '../../support/rig.ts';
import { jobLike } from '../../support/slurm-job.ts';

/** An executor that a test lets report and throw what it likes. */
function mistaken(own: Partial<Executor>): { executor: Executor; report: (change: unknown) => void; told: Change[] } {
  let listener: (change: Change) => void = () => {};
  const inner = {
    ...handingOnCopies(new IdleExecutor()),
    ...own,
    onChange: (next: typeof listener) => void (listener = next),
  };
  const executor = guarded(inner, 'mine');
  const told: Change[] = [];
  executor.onChange((change) => told.push(change));
  return { executor, report: (change) => listener(change as Change), told };
}

const job = jobLike({ token: 'a', folder: '/tmp/a' });

test('an executor gets jobs that can be copied, with nothing of the engine beside them', () => {
  const submitted: Job[] = [];
  const { executor } = mistaken({ submit: (given) => void submitted.push(structuredClone(given)) });
  executor.submit({ ...job, call: { run: () => {} } } as Job);
  assert.equal(submitted[0]?.token, 'a');
  assert.ok(!('call' in (submitted[0] ?? {})));
});

test('what an executor throws is told as its own mistake, with its name and the method', async () => {
  const thrower = (): never => {
    throw new TypeError('no queue');
  };
  const { executor } = mistaken({ hasRoom: thrower, submit: thrower, open: async () => thrower() });
  const wanted = { code: 'executor-failed', message: /The executor mine threw in `\w+`: no queue/ };
  assert.throws(() => executor.hasRoom({}), wanted);
  assert.throws(() => executor.submit(job), wanted);
  await assert.rejects(executor.open(), wanted);
});

test('an executor that cannot end a job, or cannot be closed, is told and stops nothing', async () => {
  const thrower = (): never => {
    throw new Error('gone');
  };
  const { executor, told } = mistaken({ cancel: thrower, close: async () => thrower() });
  executor.cancel(job);
  await executor.close();
  assert.deepEqual(
    told.map((change) => change.type === 'trouble' && change.message),
    [
      `The executor mine could not end ${job.label}: gone. It may run on.`,
      'The executor mine could not be closed: gone',
    ],
  );
});

for (const [what, change] of [
  ['nothing', null],
  ['text', 'exited'],
  ['an unknown type', { type: 'finished', job }],
  ['an end without an exit', { type: 'exited', job }],
  ['a start without a job', { type: 'started', host: 'h' }],
] as const) {
  test(`${what} in place of a change is told, and passed over`, () => {
    const { report, told } = mistaken({});
    report(change);
    assert.deepEqual(
      told.map(({ type }) => type),
      ['trouble'],
    );
  });
}

test('a job that starts after it has ended is told: its result is not to be trusted', () => {
  const { report, told } = mistaken({});
  report({ type: 'exited', job, exit: { code: 0, signal: undefined, cancelled: false } });
  report({ type: 'started', job, host: 'h' });
  assert.deepEqual(
    told.map(({ type }) => type),
    ['exited', 'trouble'],
  );
});

test('an executor that lacks a part of the interface is refused by name', () => {
  assert.throws(() => guarded({} as Executor, 'mine'), {
    code: 'executor-failed',
    message: /mine lacks open, hasRoom/,
  });
});

test('a run whose executor never tells of an end is left with the second interrupt', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, { n: z.int() });
  const silent = (inner: Executor): Executor => ({
    ...handingOnCopies(inner),
    cancel: () => {},
    onChange: (listener) => inner.onChange((change) => change.type !== 'exited' && listener(change)),
    close: () => inner.close(),
  });
  const run = await rig.run(() => ({ n: make({}).n }), { handOn: silent });
  const puppet = await rig.started('make');
  run.stop();
  run.kill();
  assert.equal((await run.ended()).status, 'cancelled');
  assert.match(run.told(), /warning/);
  await puppet.gone;
});
