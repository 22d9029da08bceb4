import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusedOption } from '../../../../../runner/executors/slurm/script/refused-options.ts';
import { SlurmSite } from '../../../../../runner/executors/slurm/script/slurm-site.ts';

test('what is said for each job, or relied on, a site cannot say, however it is spelled', () => {
  const spellings: readonly (readonly [string, readonly string[]])[] = [
    ['job-name', ['--job-name=mine', '--job=mine', '-Jmine', '-J=mine', '-HJmine']],
    ['array', ['--array=0-1', '--arr=0-1', '-a0-1']],
    ['clusters', ['--clusters=other', '-Mother']],
    ['partition', ['--partition=gpu', '-pgpu']],
    ['output', ['--output=/x', '-o/x']],
    ['error', ['--error=/x', '-e/x']],
    ['chdir', ['--chdir=/x', '-D/x']],
    ['export', ['--export=NONE']],
    ['wrap', ['--wrap=true']],
    ['test-only', ['--test-only']],
    ['wait', ['--wait', '-W', '-sW']],
    ['requeue', ['--requeue']],
    ['nodes', ['--nodes=2', '-N2']],
  ];
  for (const [name, words] of spellings) {
    for (const word of words) assert.equal(refusedOption(word)?.name, `--${name}`, word);
  }
  assert.ok(refusedOption('--'));
});

test('anything else a site may say', () => {
  const words = [
    '--mail-type=FAIL',
    '--exclude=n1',
    '--exclusive',
    '--nodelist=n1',
    '--wckey=x',
    '--comment=-J',
    '-xn1',
    '--dependency=singleton',
    '--licenses=matlab',
    '--hold',
    '-H',
    '--mem-per-cpu=4G',
    '--gres=shard:1',
    '--time=60',
    '--propagate=NONE',
  ];
  assert.deepEqual(words.map(refusedOption).filter(Boolean), []);
});

test('a site file that says one is refused with its name and what to do', () => {
  const { error } = SlurmSite.safeParse({ extra: ['--job-name=mine', '--array=0-1'] });
  assert.match(String(error?.message), /--job-name[^]*found by the names[^]*--array[^]*by itself/);
});
