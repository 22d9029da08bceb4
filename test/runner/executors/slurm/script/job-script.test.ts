import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { batchText } from '../../../../../runner/executors/slurm/script/batch-text.ts';
import { beginningOf, readExit, withdrawJob } from '../../../../../runner/executors/slurm/script/exit-record.ts';
import { slurmJobText } from '../../../../../runner/executors/slurm/script/job-text.ts';
import { jobLike } from '../../../../support/slurm-job.ts';
import { tempFolder } from '../../../../support/temp-folder.ts';

/** What `/bin/sh` is on one system or another. */
const shells: readonly (readonly [string, ...string[]])[] = [['dash'], ['bash', '--posix'], ['busybox', 'sh']];

interface Place {
  readonly folder: string;
  readonly batch: string;
}

/** Writes a job, and the batch script that Slurm would be given, with a program that leaves a file in its output. */
function jobIn(folder: string, program: string): Place {
  mkdirSync(folder);
  const args = ['/bin/sh', '-c', program, 'sh', join(folder, 'out.made')];
  const job = jobLike({ folder, command: { args, cwd: folder, env: {} } });
  writeFileSync(join(folder, 'job.sh'), slurmJobText(job, {}));
  const batch = join(folder, 'batch.sh');
  writeFileSync(batch, batchText([[job], [jobLike({ folder: '/nowhere' })]]));
  return { folder, batch };
}

const surroundings = {
  PATH: process.env.PATH,
  SLURM_JOB_ID: '7',
  SLURM_ARRAY_TASK_ID: '0',
  SLURMD_NODENAME: 'n1',
};

for (const [shell, ...options] of shells) {
  const skip = isThere(shell) ? false : `there is no ${shell} here: apt-get install ${shell}`;

  test(`${shell} runs a job, and leaves the record of its end`, { skip }, (t) => {
    const busy =
      'mkdir -p "$1/deep" && echo hi >"$1/deep/a"; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; exit 3';
    const { folder, batch } = jobIn(join(tempFolder(t), `it's "a" $HOME`), busy);
    assert.throws(() => execFileSync(shell, [...options, batch], { env: surroundings }), { status: 3 });
    const { copies } = beginningOf(folder);
    const record = readExit(folder, copies - 1)?.record;
    assert.ok(record && record.used > 5, `${record?.used} hundredths of a second of CPU time`);
    assert.ok(record.hundredths >= record.used / 2, `${record.hundredths} hundredths of a second`);
    const { used: _, hundredths: __, ...rest } = record;
    assert.deepEqual(rest, {
      code: 3,
      told: '',
      why: 'program',
      job: '7',
      copy: '0',
      host: 'n1',
      out: '',
      entries: 3,
      peak: 0,
    });
  });

  test(`${shell}: copies that start in one moment write to places of their own`, { skip }, async (t) => {
    const begun = tempFolder(t);
    const all = `echo "$1" >"$1"; : >"${begun}/$$"; i=0; until [ "$(ls "${begun}" | wc -l)" = 8 ]; do sleep 0.05; i=$((i+1)); [ $i -lt 400 ] || exit 2; done; exit 1`;
    const { folder, batch } = jobIn(join(tempFolder(t), 'job'), all);
    const runs = Array.from({ length: 8 }, () => {
      const run = spawn(shell, [...options, batch], { env: surroundings, stdio: 'ignore' });
      return new Promise((resolve) => run.once('exit', resolve));
    });
    assert.deepEqual(new Set(await Promise.all(runs)), new Set([1]), '2 says that the eight were never there at once');
    assert.deepEqual(beginningOf(folder), { copies: 8, isWithdrawn: false });
    for (let copy = 0; copy < 8; copy += 1) {
      const here = copy === 0 ? folder : join(folder, `again-${copy}`);
      assert.equal(readFileSync(join(here, 'out.made'), 'utf8').trim(), join(here, 'out.made'));
    }
  });

  test(`${shell}: what a driver has given up does not begin, and what has begun cannot be given up`, { skip }, (t) => {
    const given = jobIn(join(tempFolder(t), 'job'), 'echo hi >"$1"');
    assert.equal(withdrawJob(given.folder), true);
    execFileSync(shell, [...options, given.batch], { env: surroundings });
    assert.deepEqual(beginningOf(given.folder), { copies: 0, isWithdrawn: true });
    assert.equal(existsSync(join(given.folder, 'out.made')), false);

    const begun = jobIn(join(tempFolder(t), 'job'), 'echo hi >"$1"');
    execFileSync(shell, [...options, begun.batch], { env: surroundings });
    assert.equal(withdrawJob(begun.folder), false);
    assert.deepEqual(beginningOf(begun.folder), { copies: 1, isWithdrawn: false });
  });
}

test('a program that is told to end, and ends well before its script is told, has been told', (t) => {
  const folder = join(tempFolder(t), 'job');
  mkdirSync(folder);
  // As Slurm tells all processes of a job: here it reaches what sits beside the program or its holder, and this shell later, or not at all.
  const tellOthers =
    'read -r _ _ _ shell _ <"/proc/$PPID/stat"; told=; until [ "$told" ]; do for stat in /proc/[0-9]*/stat; do read -r pid name _ parent _ <"$stat" || continue; [ "$parent $name" != "$PPID (sleep)" ] && [ "$parent $name" != "$shell (sleep)" ] || { kill -TERM "$pid"; told=1; }; done 2>/dev/null; done; exit 0';
  const job = jobLike({
    folder,
    command: { args: ['/bin/sh', '-c', tellOthers], cwd: folder, env: {} },
    shared: { work: join(folder, 'work'), epoch: 1 },
  });
  writeFileSync(join(folder, 'job.sh'), slurmJobText(job, {}));
  execFileSync('/bin/sh', [join(folder, 'job.sh')], { env: surroundings });
  assert.equal(readExit(folder, 0)?.record.told, 'TERM');
});

test('a record that is only half there is none', (t) => {
  const { folder, batch } = jobIn(join(tempFolder(t), 'job'), 'echo hi >"$1"');
  execFileSync('/bin/sh', [batch], { env: surroundings });
  const whole = readFileSync(join(folder, 'exit.json'), 'utf8');
  for (const length of [0, 1, whole.length - 2]) {
    writeFileSync(join(folder, 'exit.json'), whole.slice(0, length));
    assert.equal(readExit(folder, 0), undefined);
  }
});

function isThere(program: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
