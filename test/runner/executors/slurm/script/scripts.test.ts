import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { batchText } from '../../../../../runner/executors/slurm/script/batch-text.ts';
import { slurmJobText } from '../../../../../runner/executors/slurm/script/job-text.ts';
import { sbatchOptions } from '../../../../../runner/executors/slurm/script/options.ts';
import { halve } from '../../../../../runner/executors/slurm/script/secrets.ts';
import { packageRoot } from '../../../../../tasks/core/package-root.ts';
import { jobLike } from '../../../../support/slurm-job.ts';
import { tempFolder } from '../../../../support/temp-folder.ts';

/** Compares with a kept file; `UPDATE_GOLDEN=1` writes it anew, for a person to look at the difference. */
function sameAsGolden(name: string, text: string): void {
  const path = join(packageRoot(), 'test/golden/slurm', name);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'));
}

const folder = '/store/runs/0042/jobs/train.1';

test('the script of a plain job is as kept', () => {
  const job = jobLike({
    command: { args: ['train', '--steps=3', `--out=${folder}/out.model`], cwd: '/project', env: { MODE: 'fast' } },
  });
  sameAsGolden('plain.sh', slurmJobText(job, {}));
});

test('the script of a job that resumes, on GPUs, with modules and a secret, is as kept', () => {
  const job = jobLike({
    command: {
      args: ['train', '--out=/store/work/0123/out/checkpoints'],
      resumeArgs: ['train', '--resume', '/store/work/0123/out/checkpoints/last'],
      cwd: '/project',
      env: {},
    },
    resources: { gpus: 2 },
    warning: { signal: 'SIGTERM', seconds: 120 },
    shared: { work: '/store/work/0123', epoch: 3 },
  });
  const site = { modules: ['cuda/12.4'], setup: ['. /opt/site.sh'] };
  sameAsGolden(
    'resuming.sh',
    slurmJobText(job, site, { secrets: { variable: 'STET_PAD', file: `${folder}/secrets` } }),
  );
});

test('the script of a job on several nodes is as kept', () => {
  sameAsGolden('several-nodes.sh', slurmJobText(jobLike({ resources: { nodes: 2, gpus: 16 } }), {}));
});

test('the batch scripts of a job, an array and packs are as kept', () => {
  const jobs = [1, 2, 3, 4].map((n) => jobLike({ folder: `/store/it's/${n}` }));
  sameAsGolden('one.batch.sh', batchText([[jobs[0]!]]));
  sameAsGolden('array.batch.sh', batchText(jobs.slice(0, 2).map((job) => [job])));
  sameAsGolden('packs.batch.sh', batchText([jobs.slice(0, 2), jobs.slice(2)]));
});

test('resources and site become options, a word each', () => {
  const job = jobLike({
    resources: { gpus: 16, gpuType: 'h100', nodes: 2, cpus: 12, memoryGb: 0.5, hours: 0.01, exclusive: true },
    warning: { signal: 'SIGUSR1', seconds: 90 },
    avoid: ['n1', 'n7'],
  });
  const extra = ['--mail-type=FAIL', '--exclude=n3'];
  const site = { partition: 'gpu', account: 'robots', maxRunning: 5, extra, requeue: true };
  const packs = Array.from({ length: 8 }, () => [job]);
  assert.deepEqual(sbatchOptions({ name: 'train.x8', packs }, site), [
    '--partition=gpu',
    '--account=robots',
    '--mail-type=FAIL',
    '--parsable',
    '--job-name=train.x8',
    '--output=/dev/null',
    '--error=/dev/null',
    '--chdir=/',
    '--export=ALL',
    '--requeue',
    '--array=0-7%5',
    '--nodes=2',
    '--ntasks-per-node=1',
    '--cpus-per-task=12',
    '--mem=512M',
    '--gres=gpu:h100:8',
    '--time=1',
    '--exclusive',
    '--signal=B:USR1@90',
    '--exclude=n3,n1,n7',
  ]);
});

test('a pack has the time of all its jobs', () => {
  const job = jobLike({ resources: { hours: 0.5 } });
  assert.ok(sbatchOptions({ name: 'x', packs: [[job, job, job], [job]] }, {}).includes('--time=90'));
});

/** Runs a job's script by hand, and gives what a program that prints its arguments printed. */
function argumentsOf(
  t: Parameters<typeof tempFolder>[0],
  words: readonly string[],
  env: Record<string, string> = {},
): string {
  const place = join(tempFolder(t), `it's "a" $HOME`);
  mkdirSync(place);
  const print = 'process.stdout.write(JSON.stringify([process.argv.slice(1), process.env.GIVEN]))';
  const job = jobLike({
    folder: place,
    command: { args: [process.execPath, '-e', print, '--', ...words], cwd: place, env },
  });
  writeFileSync(join(place, 'job.sh'), slurmJobText(job, {}));
  execFileSync('/bin/sh', [join(place, 'job.sh')], { env: { PATH: process.env.PATH } });
  return readFileSync(join(place, 'log.txt'), 'utf8');
}

test('no word that a user gives is evaluated by a shell', (t) => {
  const character = fc.oneof(
    fc.constantFrom("'", '"', '$', '`', '\\', '\n', ' ', '*', '~', '!', ';', '&', '%', '-'),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );
  const word = fc.array(character, { maxLength: 8 }).map((parts) => parts.join('').replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), word, (words, value) => {
      assert.deepEqual(JSON.parse(argumentsOf(t, words, { GIVEN: value })), [words, value]);
    }),
    { numRuns: 8 },
  );
});

test("names that the script itself uses are the user's in the program", (t) => {
  const place = tempFolder(t);
  const env = { here: '1', out: '2', copy: '3', folder: '4', child: '5', told: '6', now: '7' };
  const print =
    'process.stdout.write(JSON.stringify(["here","out","copy","folder","child","told","now"].map((name) => process.env[name])))';
  const job = jobLike({ folder: place, command: { args: [process.execPath, '-e', print], cwd: place, env } });
  writeFileSync(join(place, 'job.sh'), slurmJobText(job, {}));
  execFileSync('/bin/sh', [join(place, 'job.sh')], { env: { PATH: process.env.PATH } });
  assert.deepEqual(JSON.parse(readFileSync(join(place, 'log.txt'), 'utf8')), Object.values(env));
});

test('a secret comes back from its halves, and neither half has it', (t) => {
  const secrets = { TOKEN: 'a%s$b\n\\é☃ "x"\n', OTHER: '' };
  const { pad, hidden } = halve(secrets);
  assert.ok(!hidden.includes(Buffer.from(secrets.TOKEN).toString('hex')));
  assert.ok(!pad.includes(Buffer.from(secrets.TOKEN).toString('hex')));

  const place = tempFolder(t);
  const print = 'process.stdout.write(JSON.stringify([process.env.TOKEN, process.env.OTHER, process.env.STET_PAD]))';
  const job = jobLike({ folder: place, command: { args: [process.execPath, '-e', print], cwd: place, env: {} } });
  writeFileSync(join(place, 'secrets'), hidden);
  writeFileSync(
    join(place, 'job.sh'),
    slurmJobText(job, {}, { secrets: { variable: 'STET_PAD', file: join(place, 'secrets') } }),
  );
  execFileSync('/bin/sh', [join(place, 'job.sh')], { env: { PATH: process.env.PATH, STET_PAD: pad } });
  assert.deepEqual(JSON.parse(readFileSync(join(place, 'log.txt'), 'utf8')), [secrets.TOKEN, secrets.OTHER, null]);
});
