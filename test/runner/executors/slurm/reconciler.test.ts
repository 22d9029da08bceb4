import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Change, Job, Submitted } from '../../../../runner/executors/executor.ts';
import { Endings } from '../../../../runner/executors/slurm/endings.ts';
import { Listing } from '../../../../runner/executors/slurm/queue/listing.ts';
import { Reconciler } from '../../../../runner/executors/slurm/reconciler.ts';
import type { ExitRecord } from '../../../../runner/executors/slurm/script/exit-record.ts';
import type { SlurmJob } from '../../../../runner/executors/slurm/jobs/slurm-job.ts';
import { SlurmJobs } from '../../../../runner/executors/slurm/jobs/slurm-jobs.ts';
import { Sweeper } from '../../../../runner/executors/slurm/sweeper.ts';
import { queueRow } from '../../../support/queue-row.ts';
import { SlurmInMemory } from '../../../support/slurm-in-memory.ts';
import { jobLike } from '../../../support/slurm-job.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

/** A reconciler and its table of jobs, with a clock that a test moves on. */
function rig(t: TestContext) {
  const root = tempFolder(t);
  const jobs = new SlurmJobs();
  const sweeper = new Sweeper(new SlurmInMemory(), jobs, undefined);
  let now = 100;
  const reconciler = new Reconciler({
    site: { visibleWithinSeconds: 60 },
    jobs,
    sweeper,
    endings: new Endings(jobs, undefined),
    now: () => now,
  });
  const submitted = (as: Submitted = { name: 'train.1' }, more: Partial<Job> = {}): SlurmJob => {
    const folder = join(root, String(jobs.size));
    mkdirSync(folder, { recursive: true });
    const slurmJob = jobs.submit(jobLike({ token: `t${jobs.size}`, folder, ...more }), as);
    jobs.accept(slurmJob, '7');
    return slurmJob;
  };
  const later = (seconds: number): void => {
    now += seconds;
  };
  return { jobs, reconciler, submitted, later };
}

/** What the job's own script would leave. */
function begins({ job }: SlurmJob, copy = 0): void {
  writeFileSync(join(job.folder, `begun.${copy}`), '');
}

function ends({ job }: SlurmJob, more: Partial<ExitRecord> = {}): void {
  const record: ExitRecord = {
    code: 0,
    told: '',
    why: 'program',
    job: '7',
    copy: '0',
    host: 'n1',
    out: '',
    entries: 2,
    peak: 2 ** 30,
    hundredths: 250,
    used: 100,
    ...more,
  };
  writeFileSync(join(job.folder, 'exit.json'), JSON.stringify(record));
}

const empty = new Listing([]);
const types = (changes: readonly Change[]): string[] => changes.map(({ type }) => type);

function exitOf(changes: readonly Change[]) {
  const last = changes.at(-1);
  assert.ok(last?.type === 'exited', `its end is told, not ${types(changes).join()}`);
  return last.exit;
}

test('a job is told to run once the queue says so and its own script has begun', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  const running = queueRow({ state: 'RUNNING', nodes: 'n1' });
  assert.deepEqual(reconciler.observe(slurmJob, running).changes, []);
  begins(slurmJob);
  assert.deepEqual(types(reconciler.observe(slurmJob, running).changes), ['started']);
  assert.deepEqual(reconciler.observe(slurmJob, running).changes, []);
});

test('a job with shared outputs is told to run once it has said where they are', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted(undefined, { shared: { work: '/nowhere/work', epoch: 1 } });
  const running = queueRow({ state: 'RUNNING', nodes: 'n1' });
  begins(slurmJob);
  assert.deepEqual(reconciler.observe(slurmJob, running).changes, []);
  writeFileSync(join(slurmJob.job.folder, 'started.json'), '{"copy":"0","host":"n1","out":"out.2"}');
  const [started] = reconciler.observe(slurmJob, running).changes;
  assert.ok(started?.type === 'started');
  assert.equal(started.copy?.out('/nowhere/work/out/model'), '/nowhere/work/out.2/model');
});

test('a job that Slurm put back is told so once, and starts with a later copy', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  reconciler.observe(slurmJob, queueRow({ state: 'RUNNING' }));
  const back = queueRow({ restarts: 1, reason: 'BeginTime' });
  assert.deepEqual(reconciler.observe(slurmJob, back).changes, [
    { type: 'requeued', job: slurmJob.job, reason: 'Slurm put it back into the queue (BeginTime)' },
  ]);
  assert.deepEqual(reconciler.observe(slurmJob, back).changes, []);
  const again = queueRow({ state: 'RUNNING', restarts: 1 });
  assert.deepEqual(reconciler.observe(slurmJob, again).changes, []);
  begins(slurmJob, 1);
  const [started] = reconciler.observe(slurmJob, again).changes;
  assert.ok(started?.type === 'started');
  assert.equal(started.copy?.folder, join(slurmJob.job.folder, 'again-1'));
});

test('a restart between two looks is told before the new start', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  reconciler.observe(slurmJob, queueRow({ state: 'RUNNING' }));
  const restarted = queueRow({ state: 'RUNNING', restarts: 1 });
  assert.deepEqual(types(reconciler.observe(slurmJob, restarted).changes), ['requeued']);
  begins(slurmJob, 1);
  assert.deepEqual(types(reconciler.observe(slurmJob, restarted).changes), ['started']);
});

test('a job that came to its end between two looks is told to have started first', (t) => {
  const { jobs, reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  ends(slurmJob);
  const { changes } = reconciler.observe(slurmJob, queueRow({ state: 'COMPLETED', nodes: 'n1' }));
  assert.deepEqual(types(changes), ['started', 'exited']);
  const { code, usage } = exitOf(changes);
  assert.deepEqual([code, usage], [0, { host: 'n1', seconds: 2.5, cpuSeconds: 1, peakMemoryGb: 1 }]);
  assert.equal(jobs.has(slurmJob), false);
});

test('the record of a job that is over is waited for, and then it is lost', (t) => {
  const { reconciler, submitted, later } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  const over = queueRow({ state: 'COMPLETED', nodes: 'n1' });
  assert.deepEqual(reconciler.over(slurmJob, over), []);
  later(60);
  assert.deepEqual(reconciler.over(slurmJob, over), []);
  later(1);
  assert.equal(exitOf(reconciler.over(slurmJob, over)).cause, 'lost');
});

test('a job that can never start is ended, and is to be taken out of the queue', (t) => {
  const { jobs, reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  const { changes, isStuck } = reconciler.observe(slurmJob, queueRow({ reason: 'PartitionTimeLimit' }));
  assert.deepEqual([exitOf(changes).cause, isStuck], ['refused', true]);
  assert.equal(jobs.has(slurmJob), false);
});

test('a new id is told, and a new state is news', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  assert.deepEqual(reconciler.observe(slurmJob, queueRow()), { changes: [], isNewState: true, isStuck: false });
  const { changes, isNewState } = reconciler.observe(slurmJob, queueRow({ id: '8' }));
  assert.deepEqual([types(changes), isNewState], [['submitted'], false]);
});

test('a submission without an answer is given up after some seconds without a sign of it', (t) => {
  const { jobs, reconciler, submitted, later } = rig(t);
  const slurmJob = submitted();
  jobs.doubt(slurmJob);
  assert.deepEqual(reconciler.forgotten(slurmJob, empty), []);
  later(2.9);
  assert.deepEqual(reconciler.forgotten(slurmJob, empty), []);
  later(0.1);
  assert.equal(exitOf(reconciler.forgotten(slurmJob, empty)).cause, 'never-started');
});

test('a forgotten job that ended well has ended well', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  ends(slurmJob);
  assert.equal(exitOf(reconciler.forgotten(slurmJob, empty)).code, 0);
});

test('a forgotten job that never began was cancelled by hand if its array is still there, and else lost', (t) => {
  const { reconciler, submitted } = rig(t);
  const element = submitted({ name: 'x', index: 1 });
  const array = new Listing([queueRow({ name: 'x', index: 0 })]);
  assert.equal(exitOf(reconciler.forgotten(element, array)).cause, 'cancelled-by-hand');
  assert.equal(exitOf(reconciler.forgotten(submitted({ name: 'alone' }), empty)).cause, 'lost');
});

test('a forgotten job that was to be cancelled is cancelled', (t) => {
  const { jobs, reconciler, submitted } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  jobs.askToCancel(slurmJob);
  assert.equal(exitOf(reconciler.forgotten(slurmJob, empty)).cancelled, true);
});

test('a job of a pack has ended when its record is there, though the pack runs on', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted({ name: 'x', pack: 0 });
  begins(slurmJob);
  ends(slurmJob, { code: 3 });
  const { changes } = reconciler.observe(slurmJob, queueRow({ name: 'x', state: 'RUNNING' }));
  assert.deepEqual([types(changes), exitOf(changes).code], [['started', 'exited'], 3]);
});

test('why a job of a pack was killed is known when the pack is over', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted({ name: 'x', pack: 0 });
  begins(slurmJob);
  ends(slurmJob, { code: 137 });
  assert.deepEqual(types(reconciler.observe(slurmJob, queueRow({ name: 'x', state: 'RUNNING' })).changes), ['started']);
  const { changes } = reconciler.observe(slurmJob, queueRow({ name: 'x', state: 'OUT_OF_MEMORY', nodes: 'n1' }));
  assert.equal(exitOf(changes).cause, 'out-of-memory');
});

test('a job whose pack ended before its turn never started', (t) => {
  const { reconciler, submitted } = rig(t);
  const slurmJob = submitted({ name: 'x', pack: 1 });
  const { changes } = reconciler.observe(slurmJob, queueRow({ name: 'x', state: 'COMPLETED' }));
  assert.equal(exitOf(changes).cause, 'never-started');
});

test('a job that has begun and is nowhere to be seen is alive as long as it gives signs of life', (t) => {
  const { reconciler, submitted, later } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  assert.deepEqual(types(reconciler.forgotten(slurmJob, empty)), ['started']);
  for (let beat = 1; beat < 10; beat += 1) {
    writeFileSync(join(slurmJob.job.folder, 'beat'), `${beat}\n`);
    later(50);
    assert.deepEqual(reconciler.forgotten(slurmJob, empty), []);
  }
  later(61);
  assert.equal(exitOf(reconciler.forgotten(slurmJob, empty)).cause, 'lost');
});

test('a program that somebody killed where Slurm knows of nothing is lost, and not to blame', (t) => {
  const { reconciler, submitted, later } = rig(t);
  const slurmJob = submitted();
  begins(slurmJob);
  ends(slurmJob, { code: 137 });
  assert.deepEqual(reconciler.forgotten(slurmJob, empty), [], 'accounts may know more');
  later(61);
  const { cause, detail } = exitOf(reconciler.forgotten(slurmJob, empty));
  assert.equal(cause, 'lost');
  assert.match(detail ?? '', /not to blame/);
});

test('a job that is held is told once', (t) => {
  const { reconciler, submitted } = rig(t);
  const held = queueRow({ reason: 'JobHeldUser' });
  const [told] = reconciler.observe(submitted(), held).changes.filter(({ type }) => type === 'trouble');
  assert.match(told?.type === 'trouble' ? told.message : '', /held in the queue \(JobHeldUser\).*scontrol release/);
  const again = reconciler.observe(submitted(), held).changes;
  assert.deepEqual(
    again.filter(({ type }) => type === 'trouble'),
    [],
  );
});
