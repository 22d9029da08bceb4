import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Change, Executor, Job, QueueStatus, Submitted } from '../../runner/executors/executor.ts';
import { task } from '../../tasks/core/task.ts';
import { z } from 'zod';
import { Rig } from '../support/rig.ts';

/** A scheduler that loses every job at once. What it lost may come to a good end all the same. */
class LosingScheduler implements Executor {
  readonly outlivesDriver = true;
  readonly submitted: Job[] = [];
  readonly adopted: string[] = [];
  readonly #ended = new Set<string>();
  readonly #lost: (scheduler: LosingScheduler) => void;
  #listener: (change: Change) => void = () => {};

  /** `lost` is called each time, just before it is told. */
  constructor(lost: (scheduler: LosingScheduler) => void) {
    this.#lost = lost;
  }

  /** The program of a job that was lost ends well. */
  ends({ folder, command }: Job): void {
    writeFileSync(command.args[1] ?? '', '42');
    this.#ended.add(folder);
  }

  submit(job: Job): void {
    this.submitted.push(job);
    const as: Submitted = { name: job.token };
    queueMicrotask(() => {
      this.#listener({ type: 'submitting', job, as });
      this.#listener({ type: 'submitted', job, as: { ...as, id: '7' } });
      this.#listener({ type: 'started', job, host: 'n1' });
      this.#lost(this);
      const exit = { code: null, signal: undefined, cancelled: false, cause: 'lost' as const };
      this.#listener({ type: 'exited', job, exit });
    });
  }

  adopt(job: Job): void {
    this.adopted.push(job.folder);
    queueMicrotask(() =>
      this.#listener({ type: 'exited', job, exit: { code: 0, signal: undefined, cancelled: false } }),
    );
  }

  endedWell(folder: string): boolean {
    return this.#ended.has(folder);
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  async open(): Promise<void> {}
  hasRoom(): boolean {
    return true;
  }
  refusal(): undefined {
    return undefined;
  }
  cancel(): void {}
  queueStatus(): QueueStatus | undefined {
    return undefined;
  }
  async settle(): Promise<void> {}
  async close(): Promise<void> {}
}

const answer = task({
  name: 'answer',
  inputs: {},
  outputs: { value: z.int() },
  command: (_, out) => ['answer', out.value],
});

test('what a lost job came to is taken before another is paid for', async (t) => {
  const rig = await Rig.start(t);
  const scheduler = new LosingScheduler((all) => all.ends(all.submitted[0] as Job));
  const run = await rig.run(() => ({ value: answer({}).value }), { handOn: () => scheduler });
  const { status, results } = await run.ended();
  assert.deepEqual([status, results], ['succeeded', { value: 42 }]);
  assert.deepEqual([scheduler.submitted.length, scheduler.adopted.length], [1, 1]);
});

test('before a node fails for good, all that was lost of it is looked at', async (t) => {
  const rig = await Rig.start(t);
  const scheduler = new LosingScheduler((all) => {
    if (all.submitted.length === 6) all.ends(all.submitted[0] as Job);
  });
  const run = await rig.run(() => ({ value: answer({}).value }), { handOn: () => scheduler });
  const { status } = await run.ended();
  assert.equal(status, 'succeeded');
  assert.deepEqual(scheduler.adopted, [scheduler.submitted[0]?.folder]);
});

test('a node of which nothing was ever found again fails, once it was lost too often', async (t) => {
  const rig = await Rig.start(t);
  const scheduler = new LosingScheduler(() => {});
  const run = await rig.run(() => ({ value: answer({}).value }), { handOn: () => scheduler });
  const { status } = await run.ended();
  assert.deepEqual([status, scheduler.submitted.length], ['failed', 6]);
});
