import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openStore } from '../../cache/store.ts';
import type { NodeRecord } from '../../cache/records.ts';
import { CliProject } from '../support/cli.ts';

const tiny = ['--profile', 'sample', 'demos=6', 'steps=20', 'saveEvery=10', 'batchSize=16'];

test('the sample serves each checkpoint, rolls it out over the wire and reports; a second run starts no server', async (t) => {
  const project = new CliProject(t);
  const small = ['rollouts.episodes=2', 'rollouts.maxSteps=20'];
  const run = async () => project.run(['run', 'serve-and-rollout', ...tiny, ...small], {}, { seconds: 120 });
  const first = await run();
  assert.equal(first.code, 0, first.stdout + first.stderr);
  for (const step of ['000010', '000020']) {
    assert.match(first.stdout, new RegExp(`ready +policy-server ${step} at ws://127\\.0\\.0\\.1:\\d+`));
    assert.match(first.stdout, new RegExp(`stopped +policy-server ${step}`));
  }
  const got = await project.run(['get', 'serve-and-rollout', 'report', '--to', join(project.folder, 'report.html')]);
  assert.equal(got.code, 0, got.stderr);
  const again = await run();
  assert.match(again.stdout, /nothing to do/);
  assert.doesNotMatch(again.stdout, /policy-server/);
});

test("demo-score's rollouts over the wire are those in process, to the byte", { timeout: 240_000 }, async (t) => {
  const project = new CliProject(t);
  const rollouts = [
    'rollouts.episodes=3',
    'rollouts.maxSteps=40',
    'steps=20',
    'saveEvery=10',
    'demos=6',
    'batchSize=16',
  ];
  const outputsOf = async (task: string, served: boolean) => {
    const asked = [
      'run',
      'demo-score',
      '--profile',
      'quick',
      ...rollouts,
      `rollouts.served=${served}`,
      '--until',
      task,
    ];
    const { code, stdout, stderr } = await project.run(asked, {}, { seconds: 120 });
    assert.equal(code, 0, stdout + stderr);
    const store = await openStore(join(project.folder, '.stet'));
    try {
      const records: NodeRecord[] = [];
      for await (const record of store.records.all()) if (record.recipe.task === task) records.push(record);
      return records.map(({ outputs }) => JSON.stringify(outputs)).sort();
    } finally {
      await store.close();
    }
  };
  const served = await outputsOf('rollout-served', true);
  assert.equal(served.length, 2);
  assert.deepEqual(served, await outputsOf('rollout-pusht', false));
});
