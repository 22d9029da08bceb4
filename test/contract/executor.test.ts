import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Executor } from '../../runner/executors/executor.ts';
import type { Door } from '../../runner/executors/door.ts';
import { localDoor } from '../../runner/executors/local/door.ts';
import { slurmDoor } from '../../runner/executors/slurm/door.ts';
import { handingOnCopies } from '../support/copies-of-jobs.ts';
import { ExecutorStage } from '../support/executor-stage.ts';
import { eventually } from '../support/eventually.ts';
import { Lifeline } from '../support/lifeline.ts';
import { useCluster, withoutSlurm } from '../support/slurm.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { thirdDoor } from '../support/third-executor/door.ts';

type Body = (stage: ExecutorStage, t: TestContext) => Promise<void>;

/** What every executor promises, also to those who keep no object of it and give it none of theirs: it tells jobs apart by token. */
function contract(name: string, open: (folder: string) => Promise<Executor>): void {
  const promise = (title: string, body: Body, skip: string | false = false): void => {
    test(`${name}: ${title}`, { timeout: 60_000, skip }, async (t) => {
      // Whatever a user's folders are called.
      const folder = join(tempFolder(t), 'it\'s "a" $(folder) %j\n日本');
      mkdirSync(folder);
      const stage = await ExecutorStage.open(handingOnCopies(await open(folder)), folder);
      try {
        await body(stage, t);
      } finally {
        await stage.executor.close();
      }
    });
  };

  promise('a job starts, then ends, and each is told once', async (stage) => {
    const job = stage.submit(stage.script('exit 0'));
    const { code, signal, cancelled, cause } = await stage.ended(job);
    assert.deepEqual([code, signal, cancelled, cause], [0, undefined, false, undefined]);
    assert.deepEqual(stage.typesOf(job), ['started', 'exited']);
  });

  promise('the start is told while the job runs, with the host that it runs on', async (stage) => {
    const job = stage.submit(
      stage.script('while [ ! -e "$0/gate" ]; do sleep 0.05; done; echo "${SLURMD_NODENAME:-$(hostname)}" > "$0/host"'),
    );
    const started = await stage.started(job);
    assert.deepEqual(stage.typesOf(job), ['started']);
    if (stage.executor.outlivesDriver)
      await eventually('the queue tells of it', () => stage.executor.queueStatus(job), { seconds: 10 });
    execFileSync('touch', [join(job.folder, 'gate')]);
    await stage.ended(job);
    assert.ok(started.type === 'started');
    assert.equal(started.host, readFileSync(join(job.folder, 'host'), 'utf8').trim());
  });

  promise('an exit code comes back as it was', async (stage) => {
    const jobs = [1, 3, 127, 255].map((code) => stage.submit(stage.script(`exit ${code}`)));
    const codes: (number | null)[] = [];
    for (const job of jobs) codes.push((await stage.ended(job)).code);
    assert.deepEqual(codes, [1, 3, 127, 255]);
  });

  promise('a program that is not there is told from one that fails', async (stage) => {
    const job = stage.submit(stage.job(['no-such-program-anywhere']));
    assert.equal((await stage.ended(job)).code, 127);
  });

  promise('a job that a signal ends is told by that signal', async (stage) => {
    const job = stage.submit(stage.script('kill -SEGV $$'));
    const { code, signal } = await stage.ended(job);
    assert.ok(signal === 'SIGSEGV' || code === 128 + 11, `${code} ${signal}`);
  });

  promise('what a program prints is in its log, both streams in order', async (stage) => {
    const job = stage.submit(stage.script('echo out; echo err >&2; printf "%s\\n" "ünï 日本"; printf "no newline"'));
    await stage.ended(job);
    assert.equal(stage.log(job), 'out\nerr\nünï 日本\nno newline');
  });

  promise('a job that is told to stop may end politely', async (stage) => {
    const text = 'trap "echo bye; exit 0" TERM; echo up > "$0/up"; while :; do sleep 0.05; done';
    const job = stage.submit(stage.script(text));
    await eventually('it is up', () => existsSync(join(job.folder, 'up')));
    await stage.started(job);
    stage.executor.cancel(job);
    assert.equal((await stage.ended(job)).cancelled, true);
    assert.match(stage.log(job), /^bye$/m);
  });

  promise('a job that does not listen is killed, at once when that is asked for', async (stage, t) => {
    const job = stage.script('trap "" TERM; exec 9>"$0/life"; echo > "$0/up"; while :; do sleep 600; done');
    const life = new Lifeline(t, join(job.folder, 'life'));
    stage.submit(job);
    await eventually('it is up', () => existsSync(join(job.folder, 'up')));
    await stage.started(job);
    assert.equal(life.isHeld(), true);
    stage.executor.cancel(job, { now: true });
    assert.equal((await stage.ended(job)).cancelled, true);
    await eventually('nothing of it runs', () => !life.isHeld(), { seconds: 2 });
  });

  promise('what a job leaves behind ends with it', async (stage, t) => {
    const job = stage.script('exec 9>"$0/life"; (while :; do sleep 600; done) & echo > "$0/left"');
    const life = new Lifeline(t, join(job.folder, 'life'));
    stage.submit(job);
    await stage.ended(job);
    assert.ok(existsSync(join(job.folder, 'left')), 'it left a child behind');
    await eventually('its child has ended', () => !life.isHeld(), { seconds: 2 });
  });

  promise('what left its group and session ends with it too, and its log says so', async (stage, t) => {
    const leave =
      'setsid env -i PATH="$PATH" sh -c \'echo $$ > "$0/left.aside"; mv "$0/left.aside" "$0/left"; exec sleep 600\' "$0" &';
    const job = stage.script(`exec 9>"$0/life"; ${leave} until [ -e "$0/left" ]; do sleep 0.01; done`);
    const life = new Lifeline(t, join(job.folder, 'life'));
    stage.submit(job);
    await stage.ended(job);
    assert.equal(life.isHeld(), false);
    assert.match(stage.log(job), /ended with the job what it had left running: sleep 600/);
  });

  promise('a job sees its declared variables and the base, and nothing else of the driver', async (stage, t) => {
    process.env.NOT_DECLARED = 'x';
    t.after(() => delete process.env.NOT_DECLARED);
    const hostile = 'it\'s $HOME `x` "q"\nnext=line \\';
    const env = { DECLARED: hostile, EMPTY: '' };
    const job = stage.submit(stage.script('env -0 > "$0/env"', { env }));
    await stage.ended(job);
    const seen = new Map(
      readFileSync(join(job.folder, 'env'), 'utf8')
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    assert.equal(seen.get('DECLARED'), hostile);
    assert.equal(seen.get('EMPTY'), '');
    assert.equal(seen.get('STET_JOB'), job.folder);
    assert.ok(seen.get('PATH') && seen.get('TMPDIR'));
    assert.equal(seen.has('NOT_DECLARED'), false);
  });

  promise('a secret reaches the job and no file', async (stage) => {
    const secret = 'hunter2 "quoted" $HOME';
    const text = 'printf %s "$TOKEN" | sha256sum | cut -d " " -f 1 > "$0/sum"';
    const job = stage.submit(stage.script(text, { secrets: { TOKEN: secret } }));
    await stage.ended(job);
    const sum = createHash('sha256').update(secret).digest('hex');
    assert.equal(readFileSync(join(job.folder, 'sum'), 'utf8'), `${sum}\n`);
    const found = execFileSync('sh', ['-c', 'grep -rlaF hunter2 "$1" || :', 'sh', stage.folder], { encoding: 'utf8' });
    assert.equal(found, '');
  });

  promise('a program starts in its folder, whatever that is called', async (stage) => {
    const cwd = join(stage.folder, "it's a\n$(folder) 日本");
    mkdirSync(cwd);
    const job = stage.submit(stage.job(['/bin/sh', '-c', 'pwd -P > here'], { cwd }));
    await stage.ended(job);
    assert.equal(readFileSync(join(cwd, 'here'), 'utf8'), `${realpathSync(cwd)}\n`);
  });

  promise('arguments arrive as they were given', async (stage) => {
    const words = [
      '',
      ' ',
      'a b',
      "it's",
      '"',
      '$HOME',
      '`id`',
      '$(id)',
      '\\',
      '\n',
      'a\nb\n',
      '*',
      '~',
      '-n',
      '--',
      '!',
    ];
    const more = [
      '&',
      ';',
      '|',
      'é',
      '日本',
      '👩‍🚀',
      '\t',
      '%s',
      '%j',
      '#',
      '#SBATCH --hold',
      '\u0001',
      'x'.repeat(20_000),
    ];
    const job = stage.script('');
    const text = 'out=$1; shift; printf "%s\\0" "$@" > "$out"';
    const args = ['/bin/sh', '-c', text, 'sh', join(job.folder, 'words'), ...words, ...more];
    const echo = stage.submit(stage.job(args));
    await stage.ended(echo);
    assert.deepEqual(readFileSync(join(job.folder, 'words'), 'utf8').split('\0').slice(0, -1), [...words, ...more]);
  });

  promise('of many jobs each is told for itself', async (stage) => {
    const jobs = Array.from({ length: 30 }, (_, i) => stage.script(`echo ${i}; exit ${i % 3}`));
    const waiting = [...jobs];
    while (waiting.length > 0) {
      await eventually('there is room', () => stage.executor.hasRoom({}), { seconds: 30 });
      stage.submit(waiting.shift() as (typeof jobs)[number]);
    }
    for (const [i, job] of jobs.entries()) {
      assert.equal((await stage.ended(job)).code, i % 3);
      assert.equal(stage.log(job), `${i}\n`);
      assert.deepEqual(stage.typesOf(job), ['started', 'exited']);
    }
  });

  promise('GPUs that were asked for are the ones that the job sees', async (stage) => {
    const job = stage.submit(stage.script('printf %s "$CUDA_VISIBLE_DEVICES"', { resources: { gpus: 2 } }));
    await stage.ended(job);
    assert.equal(stage.log(job).split(',').length, 2);
  });

  promise('a job that was never handed over is told to have ended when it is taken over', async (stage) => {
    const job = stage.script('exit 0');
    stage.executor.adopt(job, { name: 'never-handed-over' });
    const { code, cause } = await stage.ended(job);
    assert.deepEqual([code, cause], [null, 'never-started']);
    assert.deepEqual(stage.typesOf(job), ['exited']);
  });

  promise('what can never start here is refused in words, and what can is not', async (stage) => {
    const { executor } = stage;
    assert.equal(executor.refusal({ cpus: 1, gpus: 1, memoryGb: 1 }), undefined);
    assert.match(executor.refusal({ gpus: 1000 }) ?? '', /1000/);
    assert.match(executor.refusal({ memoryGb: 1_000_000 }) ?? '', /1000000/);
    assert.match(executor.refusal({ nodes: 1000 }) ?? '', /1000/);
    assert.match(executor.refusal({ gpus: 1, gpuType: 'abacus' }) ?? '', /abacus/);
  });
}

const machine = { cpus: 4, memoryGb: 64, gpus: [0, 1], gpuType: 'NVIDIA H100' };

/** As the engine gets it: made by its door. */
const through = (door: Door) => (storeRoot: string) =>
  door.make({ own: undefined, storeRoot, machine }, { jobs: 4, withGpus: true });

describe('executors', () => {
  contract('local', through(localDoor));
  contract('third', through(thirdDoor));
});

describe('executors on a cluster', { skip: withoutSlurm }, () => {
  const here = useCluster({ nodes: 2, gpusPerNode: 2, gpuType: 'h100' });
  const open = async (folder: string): Promise<Executor> => {
    process.env.SLURM_CONF = here.cluster.env.SLURM_CONF;
    return slurmDoor.make({ own: { pollSeconds: 0.3 }, storeRoot: folder, machine: {} }, { withGpus: false });
  };
  contract('slurm', open);
});
