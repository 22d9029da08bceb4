import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ServiceNode } from '../../../tasks/core/node.ts';
import { pointer } from '../../../tasks/core/ref.ts';
import { openpiServer } from '../../../tasks/serve/openpi-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { tinyArmPolicy } from './tiny-policy.ts';
import { artifactAt } from '../../support/run-task.ts';
import { packageCheckpoint } from '../../../tasks/convert/package-checkpoint.ts';
import { adoptDataset } from '../../../tasks/download/adopt-in-place.ts';
import { datasetStats } from '../../../tasks/norm-stats/dataset.ts';
import { layOutAssets } from '../../../tasks/train/openpi-assets.ts';
import { openpiCheckpoint } from '../../../tasks/kinds/openpi-checkpoint.ts';
import { policyServer } from '../../../tasks/serve/policy-service.ts';
import { trainArmPolicy } from '../../../tasks/train/arm-policy.ts';
import { trainOpenpi } from '../../../tasks/train/openpi.ts';

test("openpi's server is started with its options in the order that it needs", async (t) => {
  const folder = tempFolder(t);
  await rename(await tinyArmPolicy(folder), join(folder, '99'));
  const arm = await artifactAt(openpiCheckpoint, join(folder, '99'));
  const policy = { ...arm, meta: { ...arm.meta, format: 'openpi-jax/1' } };
  const given = { openpi: '/somewhere/openpi', config: 'pi05_droid', policy, defaultPrompt: 'tidy up; now' };
  const node = pointer(openpiServer(given)).node as ServiceNode;
  assert.deepEqual(node.spec.command?.(given, 8123), [
    ...['uv', 'run', 'scripts/serve_policy.py', '--port=8123', '--default-prompt=tidy up; now'],
    ...['policy:checkpoint', '--policy.config=pi05_droid', `--policy.dir=${policy.path}`],
  ]);
});

const openpi = { openpi: '/somewhere/openpi', config: 'pi05_droid' };
const set = () => adoptDataset({ path: '/set' }).dataset;
const assets = () => layOutAssets({ stats: datasetStats({ dataset: set() }).stats }).assets;
const trained = () => trainOpenpi({ ...openpi, steps: 10 }).checkpoints;

test('what openpi trained is served as it is and packaged, and is weights to start from', () => {
  const served = trained().each((one) => openpiServer({ ...openpi, policy: one }));
  const packaged = trained().each((one) => {
    const { checkpoint: policy } = packageCheckpoint({ checkpoint: one });
    trainOpenpi({ ...openpi, steps: 10, weights: policy });
    return openpiServer({ ...openpi, policy });
  });
  assert.ok(served && packaged);
});

test('every layout of a policy is taken by the server of this program too', () => {
  const { checkpoints } = trainArmPolicy({ dataset: set(), assets: assets(), steps: 10 });
  assert.ok(checkpoints.each((policy) => policyServer({ policy })));
  assert.ok(checkpoints.each((one) => policyServer({ policy: packageCheckpoint({ checkpoint: one }).checkpoint })));
});

test('what openpi cannot run is not given to its server', async (t) => {
  const folder = tempFolder(t);
  await rename(await tinyArmPolicy(folder), join(folder, '99'));
  const policy = await artifactAt(openpiCheckpoint, join(folder, '99'));
  const commandFor = (given: object) =>
    (pointer(openpiServer({ ...openpi, policy })).node as ServiceNode).spec.command?.({ ...openpi, policy: given }, 1);
  assert.throws(() => commandFor(policy), {
    code: 'not-servable',
    message: /openpi cannot run a policy of format arm-policy\/1/,
  });
  const debug = {
    kind: 'openpi-checkpoint',
    path: '/p',
    meta: { format: 'openpi-jax/1', step: 9, assets: [], trainState: true },
  };
  assert.throws(() => commandFor(debug), { code: 'not-servable', message: /step 9 has no statistics/ });
  const packaged = { kind: 'checkpoint', path: '/p', meta: { format: 'openpi-jax/1', step: 9 } };
  assert.equal(commandFor(packaged)?.at(-1), '--policy.dir=/p');
  assert.equal(commandFor({ kind: 'folder', path: '/q', meta: {} })?.at(-1), '--policy.dir=/q');
});
