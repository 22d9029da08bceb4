import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { NormStatsFile } from '../../../../tasks/kinds/norm-stats.ts';
import { readJson } from '../../../../tasks/core/artifact.ts';
import { normalise, unnormalised } from '../../../../tasks/models/arm-policy/normalise.ts';
import { loadArmPolicy } from '../../../../tasks/models/arm-policy/policy.ts';
import { fillGaussian, randomOf } from '../../../../tasks/models/random.ts';
import { tempFolder } from '../../../support/temp-folder.ts';
import { tinyArmPolicy } from '../../serve/tiny-policy.ts';

const states = Float64Array.of(0.1, -0.2, 0.3, -2, 0.5, 1.5, 0.7, 0.25, 0.4, 0.3, -0.1, -1.8, 0.2, 1.9, 0.1, 0.9);

test('unnormalising gives back what was normalised', () => {
  const quantiles = { q01: [-1, 0, 2], q99: [1, 5, 2] };
  const rows = Float32Array.of(0.5, 3, 2, -2, 8, 2);
  const normal = rows.slice();
  normalise(normal, 3, quantiles);
  unnormalised(normal, 3, quantiles).forEach((value, i) => assert.ok(Math.abs(value - (rows[i] as number)) < 1e-5));
});

test('joint positions are the state plus what the network gives; velocities, and the gripper, are that alone', async (t) => {
  const folder = tempFolder(t);
  const act = async (actionSpace: 'joint-position' | 'joint-velocity') => {
    const policy = await loadArmPolicy(await tinyArmPolicy(folder, { actionSpace }), { backend: 'wasm' });
    const actions = policy.act(states, [3, 4]);
    policy.dispose();
    return actions;
  };
  const [absolute, plain] = [await act('joint-position'), await act('joint-velocity')];
  assert.equal(absolute.length, 2 * 16 * 8);
  absolute.forEach((value, i) => {
    const state = i % 8 === 7 ? 0 : (states[8 * Math.floor(i / 128) + (i % 8)] as number);
    assert.equal(value, (plain[i] as number) + state);
  });
});

test('a network that gives no way leaves the noise, in the units of the data', async (t) => {
  const path = await tinyArmPolicy(tempFolder(t), { actionSpace: 'joint-velocity', scale: 0 });
  const policy = await loadArmPolicy(path, { backend: 'cpu' });
  const noise = new Float32Array(128);
  fillGaussian(noise, randomOf(9));
  const { q01, q99 } = (await readJson(join(path, 'assets/droid/norm_stats.json'), NormStatsFile)).norm_stats
    .actions as { q01: number[]; q99: number[] };
  assert.deepEqual(policy.act(states.slice(0, 8), [9]), unnormalised(noise, 8, { q01, q99 }));
  policy.dispose();
});

test('a row does not depend on who is beside it', async (t) => {
  const policy = await loadArmPolicy(await tinyArmPolicy(tempFolder(t)), { backend: 'wasm' });
  const together = policy.act(states, [3, 4]);
  const alone = [policy.act(states.slice(0, 8), [3]), policy.act(states.slice(8), [4])];
  assert.deepEqual(
    [...together],
    alone.flatMap((actions) => [...actions]),
  );
  policy.dispose();
});

test('weights of another size are refused', async (t) => {
  const path = await tinyArmPolicy(tempFolder(t));
  const config = JSON.parse(await readFile(join(path, 'params/config.json'), 'utf8')) as { architecture: object };
  const wider = { ...config, architecture: { ...config.architecture, hidden: 12 } };
  await writeFile(join(path, 'params/config.json'), JSON.stringify(wider));
  await assert.rejects(loadArmPolicy(path, { backend: 'wasm' }), { code: 'weights-differ' });
});
