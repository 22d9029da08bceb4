import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Problem } from '../../../../cache/problem.ts';
import { openBackend } from '../../../../tasks/models/backend/open-backend.ts';
import { type Config, writeCheckpoint } from '../../../../tasks/models/flow-policy/checkpoint.ts';
import { layoutFor } from '../../../../tasks/models/flow-policy/flow.ts';
import { loadPolicy } from '../../../../tasks/models/flow-policy/policy.ts';
import { initialState } from '../../../../tasks/models/flow/trainer.ts';
import { randomOf } from '../../../../tasks/models/random.ts';
import { tempFolder } from '../../../support/temp-folder.ts';

const architecture = { obsSteps: 2, horizon: 16, actionSteps: 8, hidden: 64, inner: 48, blocks: 2, timeFeatures: 16 };
const range = (width: number) => ({ min: new Array<number>(width).fill(0), max: new Array<number>(width).fill(512) });
const config: Config = {
  format: 'flow-policy/1',
  step: 7,
  architecture,
  normalisation: { observation: range(18), action: range(2), actionScale: new Array<number>(16).fill(50) },
  flowSteps: 5,
  noiseScale: 1,
  backend: { backend: 'wasm', tfjs: '4.22.0', patch: 1, dtype: 'float32' },
};

async function untrained(t: TestContext): Promise<string> {
  const folder = join(tempFolder(t), 'checkpoint');
  await writeCheckpoint(folder, config, initialState(layoutFor(architecture), 3).weights);
  return folder;
}

/** [count, 2, 18]. */
function observations(count: number): Float32Array {
  const { uniform } = randomOf(5);
  return Float32Array.from({ length: count * 36 }, () => 512 * uniform());
}

test('actions of a row are the same bits in a batch of 1, 7 or 50', async (t) => {
  const policy = await loadPolicy(await untrained(t), { backend: 'wasm' });
  const [seen, seeds] = [observations(50), Array.from({ length: 50 }, (_, i) => 1000 + i)];
  const together = policy.act(seen, 50, seeds);
  for (const size of [1, 7]) {
    for (let first = 0; first + size <= 50; first += size) {
      const some = policy.act(seen.subarray(first * 36, (first + size) * 36), size, seeds.slice(first, first + size));
      assert.deepEqual(some, together.subarray(first * 16, (first + size) * 16));
    }
  }
  policy.dispose();
});

test('the noise seed decides, and actions stay in the range of the demonstrations', async (t) => {
  const policy = await loadPolicy(await untrained(t), { backend: 'wasm' });
  const act = (seed: number): Float32Array => policy.act(observations(1), 1, [seed]);
  assert.deepEqual(act(1), act(1));
  assert.notDeepEqual(act(1), act(2));
  assert.equal(act(1).length, 8 * 2);
  assert.ok(act(1).every((value) => value >= 0 && value <= 512));
  policy.dispose();
});

test('acting and disposing leave no tensor behind', async (t) => {
  const { tf } = await openBackend('wasm');
  const before = tf.memory();
  const policy = await loadPolicy(await untrained(t), { backend: 'wasm' });
  for (let i = 0; i < 5; i += 1) policy.act(observations(3), 3, [1, 2, i]);
  policy.dispose();
  assert.deepEqual([tf.memory().numTensors, tf.memory().numBytes], [before.numTensors, before.numBytes]);
});

test('weights that do not fit the configuration are refused', async (t) => {
  const folder = await untrained(t);
  const text = await readFile(join(folder, 'config.json'), 'utf8');
  await writeFile(join(folder, 'config.json'), text.replace('"hidden": 64', '"hidden": 65'));
  await assert.rejects(
    loadPolicy(folder, { backend: 'wasm' }),
    (error) => Problem.is(error) && error.code === 'weights-differ',
  );
});
