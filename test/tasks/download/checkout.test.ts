import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../../cache/store.ts';
import { adoptCheckout, checkout } from '../../../tasks/download/checkout.ts';
import { countedFiles } from '../../../tasks/formats/git-checkout.ts';
import { checkout as checkoutKind, checkoutInPlace } from '../../../tasks/kinds/checkout.ts';
import { CliProject } from '../../support/cli.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a commit is its files, whatever came after it', async (t) => {
  const { repo, commit, root } = repository(t);
  write(repo, 'train.py', 'second');
  commitAll(repo);
  const { checkout: folder } = (await runTask(checkout, { repo, commit, submodules: false }, root)).out;
  assert.deepEqual(readdirSync(folder).sort(), ['.checkout.json', '.gitignore', 'src', 'train.py']);
  assert.equal(readFileSync(join(folder, 'train.py'), 'utf8'), 'first');
  assert.deepEqual((await artifactAt(checkoutKind, folder)).meta, { commit });
});

test('equal commits are equal bytes', async (t) => {
  const { repo, commit, root } = repository(t);
  const store = await openStore(join(root, 'store'));
  const digests: string[] = [];
  for (const _ of [1, 2]) {
    const { checkout: folder } = (await runTask(checkout, { repo, commit, submodules: false }, root)).out;
    digests.push((await store.putTree(folder, { how: 'copy' })).digest);
  }
  await store.close();
  assert.equal(digests[0], digests[1]);
});

test('submodules come at the commits that are noted', async (t) => {
  const { repo, root } = repository(t);
  const inner = repository(t);
  git(repo, ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner.repo, 'third_party/inner']);
  const commit = commitAll(repo);
  write(inner.repo, 'train.py', 'second');
  commitAll(inner.repo);
  const allow = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'protocol.file.allow', GIT_CONFIG_VALUE_0: 'always' };
  Object.assign(process.env, allow);
  t.after(() => Object.keys(allow).forEach((name) => delete process.env[name]));
  const { checkout: folder } = (await runTask(checkout, { repo, commit, submodules: true }, root)).out;
  assert.equal(readFileSync(join(folder, 'third_party/inner/train.py'), 'utf8'), 'first');
  assert.ok(!existsSync(join(folder, 'third_party/inner/.git')));
});

test('a branch is refused with how to find its commit', () => {
  assert.throws(
    () => checkout({ repo: 'https://example.org/openpi', commit: 'main' }),
    (error: Error) => {
      assert.match(error.message, /"main" is no full commit; `git ls-remote REPO main` tells the one/);
      return true;
    },
  );
  assert.throws(() => checkout({ repo: '--upload-pack=x', commit: 'a'.repeat(40) }));
});

test('a commit that is not there is named', async (t) => {
  const { repo, root } = repository(t);
  await assert.rejects(runTask(checkout, { repo, commit: 'a'.repeat(40), submodules: false }, root), {
    code: 'commit-missing',
    message: /does not give commit aaaa/,
  });
});

test('of a working tree, edits and new files count; ignored ones and touching do not', async (t) => {
  const { repo } = repository(t);
  const state = async (): Promise<string> => JSON.stringify(await adoptCheckout.spec.observe?.({ path: repo }));
  const before = await state();
  write(repo, '.venv/lib/python.py', 'x');
  write(repo, 'train.py', 'first');
  assert.equal(await state(), before);
  write(repo, 'train.py', 'edited');
  const edited = await state();
  assert.notEqual(edited, before);
  write(repo, 'new.py', 'one');
  const added = await state();
  assert.notEqual(added, edited);
  write(repo, 'new.py', 'two');
  assert.notEqual(await state(), added);
});

test('a working tree stays where it lies, and its environment is neither read nor lost', async (t) => {
  const { repo, commit, root } = repository(t);
  write(repo, '.venv/lib/python.py', 'x');
  write(repo, 'new.py', 'one');
  rmSync(join(repo, 'src/model.py'));
  assert.deepEqual(await countedFiles(repo), ['.gitignore', 'new.py', 'src/model.py', 'train.py']);
  const store = await openStore(join(root, 'store'));
  const { digest } = await store.adoptTree(repo, { names: await countedFiles(repo) });
  assert.deepEqual(
    store.readTree(digest)?.entries.map(({ path }) => path),
    ['.gitignore', 'new.py', 'train.py'],
  );
  for (const name of ['.gitignore', 'new.py', 'train.py']) await store.putTree(join(repo, name), { how: 'copy' });
  assert.equal(store.checkout(digest, join(root, 'in')).path, repo, 'also when the store has all of its files');
  await store.close();
  assert.deepEqual((await artifactAt(checkoutInPlace, repo)).meta, { commit });
});

test('a task runs in an adopted working tree, and again when it was edited', async (t) => {
  const { repo } = repository(t);
  write(repo, '.venv/answer', '42');
  const project = new CliProject(t);
  project.pipeline(
    'use',
    `
import { adoptCheckout } from 'stet/tasks/download/checkout';
import { checkout } from 'stet/kinds/checkout';
import { readFileSync } from 'node:fs';
const use = task({ name: 'use', version: '1', inputs: { code: checkout }, outputs: { said: z.string() }, run: async ({ code }) => ({
  said: readFileSync(code.path + '/train.py', 'utf8') + readFileSync(code.path + '/.venv/answer', 'utf8') + code.meta.commit.length,
}) });
export default pipeline('use', {}, () => ({ said: use({ code: adoptCheckout({ path: '${repo}' }).checkout }).said }));
`,
  );
  const { code, stdout, stderr } = await project.run(['run', 'use']);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /first4240/);
  assert.match((await project.run(['run', 'use'])).stdout, /known/);
  write(repo, 'train.py', 'edited');
  assert.match((await project.run(['run', 'use'])).stdout, /edited4240/);
});

function repository(t: TestContext) {
  const root = tempFolder(t);
  const repo = join(root, 'repo');
  mkdirSync(repo);
  git(repo, ['init', '--quiet']);
  write(repo, '.gitignore', '.venv/\n');
  write(repo, 'train.py', 'first');
  write(repo, 'src/model.py', 'model');
  return { root, repo, commit: commitAll(repo) };
}

function write(repo: string, name: string, text: string): void {
  mkdirSync(join(repo, name, '..'), { recursive: true });
  writeFileSync(join(repo, name), text);
}

function commitAll(repo: string): string {
  git(repo, ['add', '--all']);
  git(repo, ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '--quiet', '-m', 'x']);
  return git(repo, ['rev-parse', 'HEAD']).trim();
}

function git(folder: string, args: readonly string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
