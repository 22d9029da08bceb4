import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addThenDouble, CliProject } from '../support/cli.ts';

test('a run whose files are torn, foreign or no files is named, and stops nothing that is about others', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  assert.equal((await project.run(['run', 'sums'])).code, 0);
  const runs = join(project.folder, '.stet', 'runs');
  const bad = (run: string, file: string, text: string | undefined): void => {
    mkdirSync(join(runs, run), { recursive: true });
    if (text === undefined) execFileSync('mkfifo', [join(runs, run, file)]);
    else writeFileSync(join(runs, run, file), text);
  };
  bad('0002', 'run.json', '{"pipeline":"su');
  bad('0003', 'run.json', '[]');
  bad(
    '0003',
    'events.jsonl',
    'no json\n[1]\n{"type":"node-queued","time":"x"}\n{"type":"run-started","time":"y","nodes":3}\n',
  );
  bad('0004', 'run.json', undefined);
  bad('0005', 'events.jsonl', undefined);
  mkdirSync(join(runs, '0006', 'events.jsonl'), { recursive: true });
  writeFileSync(join(runs, '0007'), 'a file');
  bad(
    '0008',
    'events.jsonl',
    '{"type":"run-started","time":"z","format":99,"run":"0008","pipeline":"sums","nodes":[]}\n',
  );
  bad('99999999999999999999999', 'run.json', '');
  mkdirSync(join(project.folder, '.stet', 'submitted'), { recursive: true });
  writeFileSync(join(project.folder, '.stet', 'submitted', `${'0'.repeat(64)}.json`), '{"format":1}');

  for (const args of [
    ['get', 'sums', 'twice', '--to', 'twice.json'],
    ['runs'],
    ['status', '1'],
    ['logs', '1', 'double'],
    ['why', 'sums', 'double'],
    ['plan', 'sums', 'a=5'],
    ['cache', 'stat'],
    ['cache', 'verify'],
    ['run', 'sums', 'a=5'],
    ['diff', '1', '9'],
  ]) {
    const { code, stdout, stderr } = await project.run(args);
    assert.equal(code, 0, `${args.join(' ')}\n${stdout}${stderr}`);
    assert.doesNotMatch(stderr, /mistake in the framework/);
    if (args[0] !== 'get' && args[0] !== 'runs') continue;
    for (const run of ['0005', '0006', '0007', '0008'])
      assert.match(stderr, new RegExp(`Run ${run} cannot be read`), stderr);
  }
  assert.equal(readFileSync(join(project.folder, 'twice.json'), 'utf8'), '6\n');
  assert.ok(existsSync(join(runs, '0009')), 'the number of the next run is one more than the newest');

  // By the name of a file that no pipeline carries, requests are read too.
  const { stderr } = await project.run(['get', 'other', 'twice', '--to', 'x']);
  for (const run of ['0002', '0003', '0004'])
    if (existsSync(join(runs, run, 'run.json'))) assert.match(stderr, new RegExp(`Run ${run} counts`), stderr);
  assert.match(stderr, /There is no run of "other"/);
});
