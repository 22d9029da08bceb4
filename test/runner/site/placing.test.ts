import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../../runner/site/open-executors.ts';
import { Site } from '../../../runner/site/site.ts';
import type { ToPlace } from '../../../runner/executors/placement.ts';

const job: ToPlace = { task: 'pick-best', label: 'pick-best', isTypeScript: true, resources: {} };
const site = Site.parse({
  executor: 'slurm',
  executors: { slurm: { partition: 'gpu' } },
  place: ({ isTypeScript }: ToPlace) => (isTypeScript ? 'local' : undefined),
});

test('the site says where jobs run, and for some of them another place', () => {
  assert.equal(placeOf(site, undefined, job), 'local');
  assert.equal(placeOf(site, undefined, { ...job, isTypeScript: false }), 'slurm');
});

test('--executor local is local, whatever the site says', () => {
  assert.equal(placeOf(site, 'local', { ...job, isTypeScript: false }), 'local');
});

test('without a site everything is local', () => {
  assert.equal(placeOf(Site.parse({}), undefined, job), 'local');
  assert.equal(placeOf(Site.parse({}), 'slurm', job), 'slurm');
});

test('what is no word of a site file is refused, with its place', () => {
  const wrong = Site.safeParse({ executors: { slurm: { partition: 'a b', extra: ['no-dash'], maxQueud: 1 } } });
  const paths = wrong.error?.issues.map(({ path }) => path.join('.')).sort();
  assert.deepEqual(paths, ['executors.slurm', 'executors.slurm.extra.0', 'executors.slurm.partition']);
});
