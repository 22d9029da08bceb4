import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { digestBytes } from '../../../cache/digest.ts';
import { openStore } from '../../../cache/store.ts';
import { openLog } from '../../../runner/log/run-log.ts';
import { newestOut } from '../../../runner/job/shared-outputs.ts';
import { CliProject } from '../../support/cli.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('frozen code that is a link is refused, and what it points at stays as it is', async (t) => {
  const { project, victim } = scene(t);
  assert.equal((await project.run(['run', 'one'])).code, 0);
  const code = join(project.folder, '.stet', 'code');
  const home = readdirSync(code).find((name) => /^[0-9a-f]{64}$/.test(name)) ?? '';
  rmSync(join(code, home), { recursive: true });
  symlinkSync(victim, join(code, home));
  for (const command of ['plan', 'run']) {
    const { code, stderr } = await project.run([command, 'one']);
    assert.notEqual(code, 0);
    assert.match(stderr, /is a link: the store at .* would reach outside/);
  }
  assertWhole(victim);
});

test('a work folder that is a link is refused, and so are the outputs in it', async (t) => {
  const { project, victim } = scene(t);
  const store = join(project.folder, '.stet');
  project.pipeline(
    'goes-on',
    `const goesOn = task({ name: 'goesOn', inputs: {}, outputs: { n: z.int() }, onPreempt: 'resume',
  command: (_, out) => ['sh', '-c', 'echo 1 > "$0"; test -e ok', out.n] });
export default pipeline('goes-on', {}, () => ({ n: goesOn({}).n }));`,
  );
  await project.run(['run', 'goes-on']);
  const [name = ''] = readdirSync(join(store, 'work'));
  rmSync(join(store, 'work', name), { recursive: true });
  symlinkSync(victim, join(store, 'work', name));
  const { code, stdout, stderr } = await project.run(['run', 'goes-on']);
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /is a link: the store at/);
  assertWhole(victim);

  const work = join(tempFolder(t), 'work');
  mkdirSync(work);
  symlinkSync(victim, join(work, 'out'));
  assert.throws(() => newestOut(work), { code: 'store-leaves' });
});

test('nothing is put into a folder of blobs that is a link, nor taken out of it', async (t) => {
  const folder = tempFolder(t);
  const victim = victimIn(folder);
  const digest = digestBytes('precious');
  const shard = digest.slice(7, 9);
  renameSync(join(victim, 'precious'), join(victim, digest.slice(9)));
  const store = await openStore(join(folder, 'store'));
  t.after(() => store.close());
  symlinkSync(victim, join(store.root, 'blobs', 'sha256', shard));
  await assert.rejects(store.blobs.put([{ digest, how: 'write', bytes: 'precious' }]), { code: 'store-leaves' });
  assert.throws(() => store.blobs.quarantine(digest), { code: 'store-leaves' });
  assert.throws(() => store.blobs.delete(digest), { code: 'store-leaves' });
  assert.deepEqual(readdirSync(victim), [digest.slice(9)]);
});

test('a run that is a link is not written to, nor one whose folder of jobs is', async (t) => {
  const { project, victim } = scene(t);
  const runs = join(project.folder, '.stet', 'runs');
  assert.equal((await project.run(['run', 'one'])).code, 0);
  cpSync(join(runs, '0001'), join(victim, 'moved'), { recursive: true });
  symlinkSync(join(victim, 'moved'), join(runs, '0002'));
  assert.throws(() => openLog(join(project.folder, '.stet'), '0002'), { code: 'store-leaves' });

  project.pipeline(
    'held',
    `const held = task({ name: 'held', inputs: {}, outputs: { n: z.int() },
  command: (_, out) => ['sh', '-c', 'run=$(dirname "$(dirname "$(dirname "$0")")"); mv "$run/jobs" "$run/old"; ln -s ${victim} "$run/jobs"; exit 1', out.n], retries: 2 });
export default pipeline('held', {}, () => ({ n: held({}).n }));`,
  );
  const before = readdirSync(victim).sort();
  const { code } = await project.run(['run', 'held']);
  assert.notEqual(code, 0);
  assert.deepEqual(readdirSync(victim).sort(), before);
});

function scene(t: TestContext): { project: CliProject; victim: string } {
  const project = new CliProject(t);
  project.pipeline(
    'one',
    `const one = task({ name: 'one', inputs: {}, outputs: { n: z.int() }, run: async () => ({ n: 1 }) });
export default pipeline('one', {}, () => ({ n: one({}).n }));`,
  );
  return { project, victim: victimIn(tempFolder(t)) };
}

function victimIn(folder: string): string {
  const victim = join(folder, 'victim');
  mkdirSync(victim);
  writeFileSync(join(victim, 'precious'), 'precious');
  return victim;
}

function assertWhole(victim: string): void {
  assert.deepEqual(readdirSync(victim), ['precious']);
  assert.equal(readFileSync(join(victim, 'precious'), 'utf8'), 'precious');
}
