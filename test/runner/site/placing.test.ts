import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import type { Door } from '../../../runner/executors/door.ts';
import { placeOf, serviceHost } from '../../../runner/site/open-executors.ts';
import { builtIn } from '../../../runner/site/registry.ts';
import { parseSite } from '../../../runner/site/load-site.ts';
import type { Site } from '../../../runner/site/site.ts';
import type { ToPlace } from '../../../runner/executors/placement.ts';

const job: ToPlace = { task: 'pick-best', label: 'pick-best', isTypeScript: true, resources: {} };
const site = await siteOf({
  executor: 'slurm',
  executors: { slurm: { partition: 'gpu' } },
  place: ({ isTypeScript }: ToPlace) => (isTypeScript ? 'local' : undefined),
});
const defaults = await siteOf({});
const mine: Door = { name: 'mine', make: () => Promise.reject(new Error('not opened here')) };

test('the site says where jobs run, and for some of them another place', () => {
  assert.equal(placeOf(site, undefined, job), 'local');
  assert.equal(placeOf(site, undefined, { ...job, isTypeScript: false }), 'slurm');
});

test('--executor local is local, whatever the site says', () => {
  assert.equal(placeOf(site, 'local', { ...job, isTypeScript: false }), 'local');
});

test('without a site everything is local', () => {
  assert.equal(placeOf(defaults, undefined, job), 'local');
  assert.equal(placeOf(defaults, 'slurm', job), 'slurm');
});

test('services are with the executor of most jobs when it hosts them, else on this machine', async () => {
  const hosting = await siteOf({ doors: [mine, { ...mine, name: 'hosting', hostsServices: true }] });
  const hosts = [undefined, 'slurm', 'mine', 'hosting'].map((asked) => serviceHost(hosting, asked));
  assert.deepEqual(await Promise.all(hosts), ['local', 'local', 'local', 'hosting']);
});

test('what is no word of a site file is refused, with its place', async () => {
  const issues = await issuesOf({ executors: { slurm: { partition: 'a b', extra: ['no-dash'], maxQueud: 1 } } });
  const paths = issues.map(({ path }) => path.join('.')).sort();
  assert.deepEqual(paths, ['executors.slurm', 'executors.slurm.extra.0', 'executors.slurm.partition']);
});

test('an executor that nobody knows is refused, with the name that was meant', async () => {
  const own = await siteOf({ doors: [mine], place: () => 'slrum' });
  const refused = (asked: string | undefined) => () => placeOf(own, asked, job);
  assert.throws(refused('mnie'), { code: 'no-such-executor', hint: 'Did you mean "mine"?' });
  assert.throws(refused('cloud'), { code: 'no-such-executor', hint: 'The executors are: local, slurm, mine.' });
  assert.throws(refused('mine'), { code: 'no-such-executor', hint: 'Did you mean "slurm"?' });
});

test('an executor of the site is chosen like any other', async () => {
  assert.equal(placeOf(await siteOf({ doors: [mine], executor: 'mine' }), undefined, job), 'mine');
  assert.deepEqual(
    (await issuesOf({ executor: 'mine' })).map(({ path }) => path),
    [['executor']],
  );
});

test('a door that is not whole is refused, with every field', async () => {
  const doors = [{ name: 'Mine', left: {} }, mine, { ...mine, place: 7 }, { ...mine, name: 'slurm' }, undefined];
  const issues = await issuesOf({ doors });
  const told = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).sort();
  assert.deepEqual(told, [
    'doors.0.left.end: It must be a function.',
    'doors.0.left.queueStatuses: It must be a function.',
    'doors.0.make: It must be a function.',
    'doors.0.name: It must be a word of small letters, digits and -.',
    'doors.2.name: There is another executor "mine".',
    'doors.2.place: Invalid input: expected string, received number',
    'doors.3.name: There is another executor "slurm".',
    'doors.4: Invalid input: expected object, received undefined',
  ]);
});

function siteOf(given: unknown): Promise<Site> {
  return parseSite(given, { builtIn, file: 'pipeline.config.ts' });
}

async function issuesOf(given: unknown): Promise<readonly z.core.$ZodIssue[]> {
  const error: unknown = await siteOf(given).then(
    () => assert.fail('it was taken'),
    (reason: unknown) => reason,
  );
  assert.ok(Problem.is(error) && error.code === 'wrong-site');
  return (error.cause as z.ZodError).issues;
}
