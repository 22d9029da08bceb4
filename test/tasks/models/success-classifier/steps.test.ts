import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gatherSteps, readSteps } from '../../../../tasks/models/success-classifier/steps.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { writeRollouts } from '../../classify/rollouts.ts';

const columns = ['observation.state', 'observation.environment_state'];
const spec = { columns, bounds: [0, 512] as const };

test('features are concatenated, laid out feature by feature and scaled by the bounds', () => {
  const features = [Float32Array.of(0, 512, 256, 128), Float32Array.of(384, 64)];
  const steps = gatherSteps([{ index: 7, length: 2, label: true, features }], [0, 512]);
  assert.deepEqual([...steps.values], [-1, 0, 1, -0.5, 0.5, -0.75]);
  assert.deepEqual([steps.width, steps.count, [...steps.starts], steps.episodes], [3, 2, [0, 2], [7]]);
});

test('the width comes from the data, and an episode has the label of its last frame', async (t) => {
  const folder = join(tempFolder(t), 'rollouts');
  await writeRollouts(folder, [{ success: true }, { success: false }, { success: true }]);
  const steps = await readSteps(folder, spec);
  assert.equal(steps.width, 18);
  assert.deepEqual([...steps.labels], [1, 0, 1]);
});

test('demonstrations can be taken for successes, whatever they say', async (t) => {
  const folder = join(tempFolder(t), 'demos');
  await writeRollouts(folder, [{ success: false }, { success: true }]);
  assert.deepEqual([...(await readSteps(folder, spec, { assumeSuccess: true })).labels], [1, 1]);
});

test('a missing column is refused by name', async (t) => {
  const folder = join(tempFolder(t), 'rollouts');
  await writeRollouts(folder, [{ success: true }]);
  await assert.rejects(readSteps(folder, { ...spec, columns: ['observation.velocity'] }), /observation\.velocity/);
});

test('a dataset without frames is refused', () => {
  assert.throws(() => gatherSteps([], [0, 512]), { code: 'no-steps' });
});
