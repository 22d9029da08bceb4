import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CliProject } from '../support/cli.ts';

/** A pipeline, what it is given, and what must be named. */
const cases: [pipeline: string, given: string, named: RegExp][] = [
  [
    'droid-finetune',
    'actionSpace=joint-position normStats=released',
    /actionSpace=joint-position normStats=released: .*joint velocities/,
  ],
  ['droid-finetune', 'actionHorizon=10', /actionHorizon=10 config=pi05_droid_finetune: .*chunks of 16/],
  ['droid-finetune', 'config=pi0_aloha_sim', /config=pi0_aloha_sim: it trains for ALOHA/],
  ['droid-finetune', 'config=pi05_libero', /config=pi05_libero: it trains for LIBERO/],
  ['droid-finetune', 'config=pi05_full_droid_finetune', /config=pi05_full_droid_finetune: it reads data in RLDS/],
  ['droid-finetune', 'saveInterval=1000 keepPeriod=1500', /keepPeriod=1500 saveInterval=1000: .*not saved/],
  ['droid-finetune', 'from=gs://bucket/data', /from=gs:\/\/bucket\/data source=adopt/],
  ['droid-finetune', 'images=image codec=h264', /images=image codec=h264/],
  ['droid-finetune', 'gpus=3 batchSize=32', /batchSize 32 does not divide among 3 GPUs/],
  ['droid-finetune', 'gpus=4 fsdpDevices=3', /4 GPUs do not divide into groups of fsdpDevices 3/],
  ['droid-full', 'config=pi05_droid_finetune', /config=pi05_droid_finetune: it reads data in LeRobot/],
  ['droid-full', 'actionHorizon=50', /actionHorizon=50 config=pi05_full_droid_finetune/],
  [
    'droid-full',
    'ranges=ranges.json idle.minIdleSteps=9',
    /ranges=ranges\.json idle\.minIdleSteps: .*nothing is filtered/,
  ],
  ['droid-full', 'source=sample ranges=released', /ranges=released source=sample/],
  ['droid-full', 'stats.maxFrames=100', /stats\.maxFrames=100 batchSize=256/],
  ['droid-full', 'gpus=6', /batchSize 256 does not divide among 6 GPUs/],
  ['droid-full', 'idle.trimSteps=20', /trimSteps 20 .*minKeptSteps is 16/],
  ['droid-prepare', 'data=x release=1.0.0 ranges=released', /ranges=released release=1\.0\.0/],
  [
    'droid-prepare',
    'data=x features.state=[a] features.actions=[b] stats.actionSpace=joint-velocity',
    /features stats\.actionSpace/,
  ],
];

for (const [pipeline, given, named] of cases) {
  test(`${pipeline} ${given} is refused before anything starts`, async (t) => {
    const project = new CliProject(t);
    for (const command of ['plan', 'run']) {
      const { code, stderr } = await project.run([command, pipeline, ...given.split(' ')]);
      assert.match(stderr, named);
      assert.equal(code, 2, stderr);
    }
    assert.ok(!existsSync(join(project.folder, '.stet', 'runs', '0001')));
  });
}

test('parameters that fit each other are not refused', async (t) => {
  const project = new CliProject(t);
  const fitting = [
    ['droid-finetune', 'actionSpace=joint-position'],
    ['droid-finetune', 'actionSpace=joint-velocity', 'normStats=released'],
    ['droid-finetune', 'config=my_own', 'actionHorizon=10', 'actionSpace=joint-position', 'normStats=released'],
    ['droid-finetune', '--profile', 'sample', 'actionHorizon=8'],
    ['droid-full', '--profile', 'sample'],
  ];
  for (const args of fitting) {
    const { code, stderr } = await project.run(['show', args[0] as string]);
    assert.equal(code, 0, stderr);
    const planned = await project.run(['plan', ...args]);
    assert.notEqual(planned.code, 2, planned.stderr);
    assert.doesNotMatch(planned.stderr, /cannot be together|wrong inputs/);
  }
});

test('all that contradicts each other is told at once, with what to do', async (t) => {
  const project = new CliProject(t);
  const given = ['actionSpace=joint-position', 'normStats=released', 'saveInterval=700', 'from=x'];
  const { stderr } = await project.run(['plan', 'droid-finetune', ...given]);
  assert.match(stderr, /saveInterval=700[^]*normStats=released[^]*from=x/);
  assert.match(stderr, /try: keepPeriod=5600[^]*normStats=own makes statistics of these data[^]*source=download/);
});
