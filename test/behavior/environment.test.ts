import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { task, uncounted } from '../../tasks/core/task.ts';
import { finish, Rig } from '../support/rig.ts';

const value = { value: z.int() };
const base = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR', 'PWD', 'OLDPWD', 'SHLVL', '_'];

test('a job sees its declared variables and the base, and nothing else', async (t) => {
  process.env.NOT_DECLARED = 'x';
  t.after(() => delete process.env.NOT_DECLARED);
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value, { env: { DECLARED: "it's $HOME `x`\n" } });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const env = await puppet.env();
  const others = Object.keys(env).filter((name) => !base.includes(name) && !name.startsWith('STET_'));
  assert.deepEqual(others, ['DECLARED']);
  assert.equal(env.DECLARED, "it's $HOME `x`\n");
  assert.equal(env.TMPDIR, tmpdir());
  await finish(puppet, { value: 1 });
  await run.ended();
});

test('a secret reaches the job and no file of the store', async (t) => {
  process.env.TOKEN_FOR_TEST = 'hunter2-a-secret';
  t.after(() => delete process.env.TOKEN_FOR_TEST);
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value, { secrets: ['TOKEN_FOR_TEST'] });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  assert.equal((await puppet.env()).TOKEN_FOR_TEST, 'hunter2-a-secret');
  await finish(puppet, { value: 1 });
  await run.ended();
  const found = execFileSync('sh', ['-c', 'grep -rl hunter2 "$1" || true', 'sh', rig.folder], { encoding: 'utf8' });
  assert.equal(found, '');

  process.env.TOKEN_FOR_TEST = 'another';
  const again = await rig.run(() => make({}));
  assert.equal((await again.ended()).counts.cached, 1);
});

test('a secret that is not set fails its node by name', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value, { secrets: ['NEVER_SET_FOR_TEST'] });
  const run = await rig.run(() => make({}));
  const { failure } = await run.saw('node-failed', 'make');
  assert.equal(failure.code, 'secret-missing');
  assert.match(failure.message, /NEVER_SET_FOR_TEST/);
  await run.ended();
});

test('an inherited variable reaches the job where it is set, does not count, and stands in no file', async (t) => {
  process.env.CACHE_FOR_TEST = '/somewhere/hidden-from-logs';
  t.after(() => delete process.env.CACHE_FOR_TEST);
  const rig = await Rig.start(t);
  const make = rig.puppet('make', {}, value, { inherits: ['CACHE_FOR_TEST', 'NEVER_SET_FOR_TEST'] });
  const run = await rig.run(() => make({}));
  const puppet = await rig.started('make');
  const env = await puppet.env();
  assert.equal(env.CACHE_FOR_TEST, '/somewhere/hidden-from-logs');
  assert.equal('NEVER_SET_FOR_TEST' in env, false);
  await finish(puppet, { value: 1 });
  await run.ended();
  const found = execFileSync('sh', ['-c', 'grep -rl hidden-from "$1" || true', 'sh', rig.folder], { encoding: 'utf8' });
  assert.equal(found, '');

  delete process.env.CACHE_FOR_TEST;
  const again = await rig.run(() => make({}));
  assert.equal((await again.ended()).counts.cached, 1);
});

test('a program is the same wherever an uncounted input says that something lies', async (t) => {
  const rig = await Rig.start(t);
  const make = rig.puppet('make', { place: uncounted(z.string()) }, value);
  const run = await rig.run(() => make({ place: '/here' }));
  const puppet = await rig.started('make');
  assert.ok(puppet.args.includes('place=/here'));
  await finish(puppet, { value: 1 });
  await run.ended();
  const again = await rig.run(() => make({ place: '/there' }));
  assert.equal((await again.ended()).counts.cached, 1);
});

/** Writes its arguments to `out` as JSON. */
const echo = task({
  name: 'echo',
  inputs: { words: z.array(z.string()) },
  outputs: { said: z.array(z.string()) },
  command: ({ words }, out) => [
    process.execPath,
    '-e',
    'require("fs").writeFileSync(process.argv[1], JSON.stringify(process.argv.slice(2)))',
    '--',
    out.said,
    ...words,
  ],
});

test('arguments arrive as they were given', async (t) => {
  const rig = await Rig.start(t);
  const nasty = [
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
    '&',
    'é',
    '日本',
    '👩‍🚀',
    '\t',
    '%s',
    '#',
  ];
  const words = fc.array(
    fc.oneof(
      fc.constantFrom(...nasty),
      fc
        .string({ unit: 'binary', maxLength: 8 })
        .filter((word) => !word.includes('\0') && Buffer.from(word).toString() === word),
    ),
    { maxLength: 40 },
  );
  const lists = [nasty, ...fc.sample(words, { numRuns: 8 })];
  const run = await rig.run(() => Object.fromEntries(lists.map((list, i) => [`list${i}`, echo({ words: list }).said])));
  const { results, status } = await run.ended();
  assert.equal(status, 'succeeded', run.told());
  for (const [i, list] of lists.entries()) assert.deepEqual(results[`list${i}`], list, join(run.folder, 'jobs'));
});

test('text that no argument can hold is refused by name', async (t) => {
  const rig = await Rig.start(t);
  const run = await rig.run(() => echo({ words: ['a\0b'] }));
  assert.equal((await run.saw('node-failed')).failure.code, 'wrong-command');
  await run.ended();
});

test('a program of the project, named by a relative path, is found; its outputs go where they belong', async (t) => {
  const rig = await Rig.start(t);
  writeFileSync(join(rig.folder, 'train.sh'), 'echo "\\"$PWD\\"" > "$1"\n');
  const train = task({
    name: 'train',
    inputs: {},
    outputs: { where: z.string() },
    code: ['train.sh'],
    command: (_, out) => ['sh', 'train.sh', out.where],
  });
  const run = await rig.run(() => ({ where: train({}).where }));
  const { where } = (await run.ended()).results as { where: string };
  assert.equal(dirname(where), join(realpathSync(rig.folder), 'store', 'code'), 'in a copy of its code');
  assert.equal(existsSync(join(where, 'store')), true, 'the rest of the project is there');
});
