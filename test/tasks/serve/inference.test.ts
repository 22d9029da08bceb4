import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startInference } from '../../../tasks/serve/policy-server/inference.ts';
import type { BatchMessage } from '../../../tasks/serve/policy-server/inference-worker.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyPolicy } from './tiny-policy.ts';

const batch = (): BatchMessage => ({ rows: new Float64Array(36).fill(100), noiseSeeds: [1] });
/** What no policy can take: the thread dies of it. */
const deadly = (): BatchMessage => ({ rows: new Float64Array(36), noiseSeeds: undefined as never });

test('a thread that dies fails its own batch only', async (t) => {
  const inference = await startInference({ servableFolder: await tinyPolicy(tempFolder(t)), backend: 'wasm' });
  t.after(() => inference.close());
  const before = await inference.run(batch());
  await assert.rejects(inference.run(deadly()), { code: 'policy-crashed' });
  assert.deepEqual((await inference.run(batch())).outcomes, before.outcomes);
});

test('a thread that dies each time is given up in the end', async (t) => {
  const inference = await startInference({ servableFolder: await tinyPolicy(tempFolder(t)), backend: 'wasm' });
  t.after(() => inference.close());
  for (let i = 0; i < 3; i += 1) await assert.rejects(inference.run(deadly()), { code: 'policy-crashed' });
  await assert.rejects(inference.run(batch()), { code: 'policy-lost' });
});

test('what is wrong with a policy is told when it is loaded', async (t) => {
  await assert.rejects(startInference({ servableFolder: tempFolder(t), backend: 'wasm' }), { code: 'not-servable' });
});
