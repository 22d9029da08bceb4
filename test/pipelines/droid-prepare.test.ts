import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';
import { golden, goldenPath } from '../support/openpi-golden.ts';

interface Expected {
  readonly norm_stats: unknown;
}

test('droid-prepare gives the golden ranges and statistics', async (t) => {
  const project = new CliProject(t);
  const data = join(project.folder, 'tfds');
  cpSync(goldenPath('droid_rlds/tfds'), data, { recursive: true });
  const prepare = async (...more: string[]) => {
    const { code, stdout, stderr } = await project.run(['run', 'droid-prepare', `data=${data}`, ...more]);
    assert.equal(code, 0, stdout + stderr);
  };
  const get = async (result: string) => {
    const to = join(project.folder, `got-${result}`);
    assert.equal((await project.run(['get', 'droid-prepare', result, '--to', to, '--force'])).code, 0);
    return to;
  };
  const statistics = async () =>
    (JSON.parse(readFileSync(join(await get('normStats'), 'norm_stats.json'), 'utf8')) as Expected).norm_stats;
  const expected = golden<Record<string, Expected>>('droid_rlds/pipeline.expected.json');

  await prepare('stats.batchSize=16', 'stats.idleFilter=false');
  const ranges = readFileSync(await get('ranges'), 'utf8');
  assert.equal(ranges, readFileSync(goldenPath('droid_rlds/keep_ranges_all.expected.json'), 'utf8'));
  assert.deepEqual(await statistics(), expected.rlds_joint_position_no_filter?.norm_stats);

  const given = [`ranges=${goldenPath('droid_rlds/filter_dict.json')}`, 'stats.batchSize=8'];
  await prepare(...given, 'release=1.0.1');
  assert.deepEqual(await statistics(), expected.rlds_joint_position?.norm_stats);
  await prepare(...given, 'stats.actionSpace=joint-velocity');
  assert.deepEqual(await statistics(), expected.rlds_joint_velocity?.norm_stats);
});

test('another idle parameter makes ranges, statistics and page anew, not the dataset', async (t) => {
  const project = new CliProject(t);
  const run = async (...more: string[]) => {
    const args = ['run', 'droid-prepare', `data=${goldenPath('droid_rlds/tfds')}`, ...more];
    const { code, stdout, stderr } = await project.run(args);
    assert.equal(code, 0, stdout + stderr);
    return stdout + stderr;
  };
  await run();
  assert.match(await run(), /all 4 nodes are known/);
  const again = await run('idle.trimSteps=4');
  assert.match(again, /cached +adopt-rlds/);
  for (const task of ['filter-idle-frames', 'droid-stats', 'droid-data-page'])
    assert.match(again, new RegExp(`done +${task}`));
});
