import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { experimentPage } from '../../tasks/report/experiment-page.ts';
import { noBrowser, openPage } from '../support/browser.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { smallExperiment } from '../tasks/report/experiment.ts';

test('the report fits a phone and a desk, in light and dark, and loads nothing', { skip: noBrowser }, (t) => {
  const path = join(tempFolder(t), 'report.html');
  writeFileSync(path, experimentPage(smallExperiment()));
  const desk = openPage(path, { width: 1100 });
  const phone = openPage(path, { width: 390 });
  const dark = openPage(path, { width: 1100, dark: true });

  assert.equal(phone.windowWidth, 390);
  assert.ok(phone.scrollWidth <= 390, `it is ${phone.scrollWidth} px wide on a phone of 390 px`);
  assert.ok(desk.scrollWidth <= 1100);
  assert.ok(desk.height > 900, `it is only ${desk.height} px high`);
  assert.deepEqual([...desk.loaded, ...phone.loaded], []);
  assert.notEqual(dark.background, desk.background);
});
