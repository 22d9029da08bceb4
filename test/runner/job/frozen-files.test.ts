import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { globDigests } from '../../../cache/code/globs.ts';
import { listedFault } from '../../../cache/code/listed-files.ts';
import { Problem } from '../../../cache/problem.ts';
import { freezeFiles } from '../../../runner/job/frozen-files.ts';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function scene(t: Parameters<typeof tempFolder>[0]) {
  const [root, codeFolder] = [tempFolder(t), tempFolder(t)];
  mkdirSync(join(root, 'src'));
  mkdirSync(join(root, 'venv'));
  writeFileSync(join(root, 'src', 'train.py'), 'print(1)');
  writeFileSync(join(root, 'src', 'notes.txt'), 'undeclared');
  writeFileSync(join(root, 'venv', 'lib'), '');
  const code = ['src/*.py'];
  const call = {
    spec: { code, name: 'train' },
    recipe: { files: await globDigests(root, code) },
  } as unknown as KeyedCall;
  return { root, codeFolder, call };
}

test('declared files stay as they were hashed; everything else of the project is there too', async (t) => {
  const { root, codeFolder, call } = await scene(t);
  const frozen = (await freezeFiles(call, { root, codeFolder })) ?? '';
  writeFileSync(join(root, 'src', 'train.py'), 'print(2)');
  assert.equal(readFileSync(join(frozen, 'src', 'train.py'), 'utf8'), 'print(1)');
  assert.equal(readFileSync(join(frozen, 'src', 'notes.txt'), 'utf8'), 'undeclared');
  assert.ok(lstatSync(join(frozen, 'venv')).isSymbolicLink());
  assert.equal(await freezeFiles(call, { root, codeFolder }), frozen);
});

test('a frozen file that was edited or cut off is put right before it is used, and what a program left there stays', async (t) => {
  const { root, codeFolder, call } = await scene(t);
  const frozen = (await freezeFiles(call, { root, codeFolder })) ?? '';
  writeFileSync(join(frozen, 'left-by-a-program'), '');
  for (const damage of ['print(3)', '']) {
    rmSync(join(frozen, 'src', 'train.py'), { force: true });
    writeFileSync(join(frozen, 'src', 'train.py'), damage);
    assert.match(listedFault(frozen) ?? '', /src\/train\.py/);
    assert.equal(await freezeFiles(call, { root, codeFolder }), frozen);
    assert.equal(readFileSync(join(frozen, 'src', 'train.py'), 'utf8'), 'print(1)');
    assert.equal(listedFault(frozen), undefined);
  }
  assert.equal(existsSync(join(frozen, 'left-by-a-program')), true);
});

test('frozen files are not put right through a link, in place of their folder or of one in it', async (t) => {
  for (const place of ['', 'src']) {
    const { root, codeFolder, call } = await scene(t);
    const frozen = (await freezeFiles(call, { root, codeFolder })) ?? '';
    const victim = tempFolder(t);
    writeFileSync(join(victim, 'train.py'), 'precious');
    rmSync(join(frozen, place), { recursive: true });
    symlinkSync(victim, join(frozen, place).replace(/\/$/, ''));
    await assert.rejects(freezeFiles(call, { root, codeFolder }), { code: 'store-leaves' });
    assert.deepEqual(readdirSync(victim), ['train.py']);
    assert.equal(readFileSync(join(victim, 'train.py'), 'utf8'), 'precious');
  }
});

test('files that are no longer those of the plan are refused', async (t) => {
  const { root, codeFolder, call } = await scene(t);
  writeFileSync(join(root, 'src', 'train.py'), 'print(2)');
  const refusal = await freezeFiles(call, { root, codeFolder }).catch((error: unknown) => error);
  assert.ok(Problem.is(refusal));
  assert.equal(refusal.code, 'input-changed');
});

test('a task without declared files, or with a folder of its own, has nothing frozen', async (t) => {
  const { root, codeFolder, call } = await scene(t);
  assert.equal(await freezeFiles({ ...call, recipe: {} } as KeyedCall, { root, codeFolder }), undefined);
  const elsewhere = { ...call, spec: { ...call.spec, cwd: () => '/else' } };
  assert.equal(await freezeFiles(elsewhere, { root, codeFolder }), undefined);
});
