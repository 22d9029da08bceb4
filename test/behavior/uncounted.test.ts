import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { artifact, uncounted } from '../../tasks/core/task.ts';
import { folder } from '../../tasks/kinds/folder.ts';
import { finish, outOf, Rig } from '../support/rig.ts';

test('an input that says only where something is does not count', async (t) => {
  const rig = await Rig.start(t);
  const use = rig.puppet('use', { digest: z.string(), at: uncounted(z.string()) }, { value: z.int() });
  const first = await rig.run(() => use({ digest: 'a', at: 'here' }));
  await finish(await rig.started('use'), { value: 1 });
  assert.equal((await first.ended()).status, 'succeeded');

  const moved = await rig.run(() => use({ digest: 'a', at: 'there' }));
  assert.deepEqual((await moved.ended()).counts, { done: 0, cached: 1, failed: 0, skipped: 0 });
  const changed = await rig.plan(() => use({ digest: 'b', at: 'there' }));
  assert.deepEqual(
    changed.nodes.map(({ state, reason }) => [state, reason]),
    [['run', 'input digest "a" -> "b"']],
  );
});

test('an uncounted input is checked like any other, kinds included', () => {
  assert.ok(uncounted(z.int()).safeParse(3).success);
  assert.ok(!uncounted(z.int()).safeParse('3').success);
  assert.ok(!uncounted(folder).safeParse('./data').success);
});

test('files of a kind that stays where it lies go into the store when the job itself made them', async (t) => {
  const rig = await Rig.start(t);
  const large = artifact('large', { meta: z.object({}), inspect: async () => ({}), hold: 'adopt' });
  const make = rig.puppet('make', {}, { files: large });
  const use = rig.puppet('use', { files: large }, { value: z.int() });
  const run = await rig.run(() => use({ files: make({}).files }));
  const making = await rig.started('make');
  await making.write(`${outOf(making, 'files')}/a.txt`, 'made');
  making.exit();
  await finish(await rig.started('use'), { value: 1 });
  const { results, status } = await run.ended();
  assert.deepEqual([status, results], ['succeeded', { value: 1 }]);
  const [record] = (await rig.records()).filter(({ recipe }) => recipe.task === 'make');
  assert.ok(record);
  assert.doesNotMatch(JSON.stringify(record), /runs\//, 'nothing points into the folder of the job');
});
