import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

const tiny = [
  ...['--profile', 'sample', 'sample.episodes=4', 'sample.meanSteps=60', 'sample.shards=2'],
  ...['steps=40', 'saveInterval=15', 'keepPeriod=15', 'batchSize=8'],
];

test('the sample runs from the first node to packaged checkpoints; another idle rule leaves the data', async (t) => {
  const project = new CliProject(t);
  const run = async (...more: string[]): Promise<string> => {
    const { code, stdout, stderr } = await project.run(['run', 'droid-full', ...tiny, ...more], {}, { seconds: 120 });
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const first = await run();
  assert.match(first, /10 ran, 0 cached/);
  for (const step of [15, 30, 39])
    assert.match(first, new RegExp(`released +train-arm-policy: checkpoints ${step}\\n`));

  const policy = join(project.folder, 'policy');
  const got = await project.run(['get', 'droid-full', 'policy', '--to', policy]);
  assert.equal(got.code, 0, got.stderr);
  assert.deepEqual(readdirSync(policy).sort(), ['assets', 'config.json', 'params'], 'without train_state');
  const config = JSON.parse(readFileSync(join(policy, 'config.json'), 'utf8')) as object;
  assert.deepEqual(config, { format: 'arm-policy/1', step: 39 });
  assert.ok(existsSync(join(policy, 'assets/droid/norm_stats.json')));

  assert.match(await run(), /nothing to do: all 10 nodes are known/);
  const again = await run('idle.trimSteps=4');
  assert.match(again, /cached +sample-droid-rlds/);
  for (const task of ['filter-idle-frames', 'droid-stats', 'droid-data-page', 'train-arm-policy'])
    assert.match(again, new RegExp(`done +${task}`));
});

test('without GPUs, room, openpi and uv, a run is refused with the list of all of them', async (t) => {
  const project = new CliProject(t);
  const env = { PATH: join(project.folder, 'no-programs'), OPENPI_DATA_HOME: join(project.folder, 'empty') };
  const { code, stderr } = await project.run(['run', 'droid-full', 'gpus=64'], env);
  assert.equal(code, 3, stderr);
  for (const lacking of [
    /train-openpi: it asks for 64 GPUs of 80 GB/,
    /train-openpi: uv is not on PATH\n +Install uv/,
    /train-openpi: a checkout of openpi is not there: .*\n +git clone/,
    /download-rlds: what is missing of DROID 1\.0\.1 takes 1\.9 TB and .* has .* free\n/,
  ])
    assert.match(stderr, lacking);
  assert.ok(!existsSync(join(project.folder, '.stet/runs/0001')), 'nothing was started');
});

test("a start from PaliGemma under openpi's own configuration is refused with what to copy", async (t) => {
  const project = new CliProject(t);
  const { code, stderr } = await project.run(['plan', 'droid-full', 'start=paligemma']);
  assert.equal(code, 2);
  assert.match(stderr, /starts from pi05-base, not from PaliGemma[^]*PaliGemmaWeightLoader/);
});
