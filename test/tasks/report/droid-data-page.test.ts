import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { filterIdleFrames } from '../../../tasks/filter/idle-frames.ts';
import { idleRanges } from '../../../tasks/kinds/idle-ranges.ts';
import { normStats } from '../../../tasks/kinds/norm-stats.ts';
import { rldsDataset } from '../../../tasks/kinds/rlds-dataset.ts';
import { droidStats } from '../../../tasks/norm-stats/droid.ts';
import { droidDataPage } from '../../../tasks/report/droid-data-page.ts';
import { droidFolder } from '../../support/openpi-golden.ts';
import { artifactAt, runTask } from '../../support/run-task.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('the page says what a policy would be trained on, and is complete in itself', async (t) => {
  const folder = tempFolder(t);
  const dataset = await artifactAt(rldsDataset, droidFolder);
  const rule = { idleThreshold: 1e-3, minIdleSteps: 7, minKeptSteps: 16, trimSteps: 10 };
  const { ranges: file } = (
    await runTask(filterIdleFrames, { dataset, ...rule, checkData: false, skipBadRecords: false }, folder)
  ).out;
  const ranges = await artifactAt(idleRanges, file);
  const frames = {
    actionSpace: 'joint-position',
    actionHorizon: 16,
    successOnly: true,
    skipBadRecords: false,
  } as const;
  const asked = { dataset, ranges, ...frames, batchSize: 8, exact: false };
  const { stats: made } = (await runTask(droidStats, asked, folder)).out;
  const stats = await artifactAt(normStats, made);

  const { page } = (await runTask(droidDataPage, { dataset, ranges, stats, ...frames, idleFilter: true }, folder)).out;
  const text = readFileSync(page, 'utf8');
  assert.match(text, /6 episodes, 203 steps/);
  assert.match(text, /83% are successes/);
  assert.match(text, new RegExp(`The ranges keep ${ranges.meta.steps} of 203 steps`));
  assert.equal(text.match(/src="data:image\/jpeg;base64,/g)?.length, 6);
  assert.equal(text.match(/role="img"/g)?.length, 2 + 8 + 8);
  assert.doesNotMatch(text, /https?:|<script/);
});
