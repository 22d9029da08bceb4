import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fillGaussian, randomOf } from '../../../tasks/models/random.ts';
import { PolicyClient } from '../../../tasks/models/served-policy/client.ts';
import { ndarray, numbersOf } from '../../../tasks/formats/msgpack-numpy/numbers.ts';
import type { NdArray, WireValue } from '../../../tasks/formats/msgpack-numpy/values.ts';
import { loadOnnxRuntime } from '../../../tasks/serve/policies/onnx-runtime.ts';
import { openServable } from '../../../tasks/serve/policies/open-servable.ts';
import { startPolicyServer } from '../../../tasks/serve/policy-server.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { addingModel } from './tiny-onnx.ts';

const config = {
  format: 'onnx-policy/1',
  step: 3,
  inputs: [{ key: 'observation/state', name: 'state', shape: [2, 3] }],
  noise: { name: 'noise', shape: [2, 3] },
  actions: { name: 'actions', shape: [2, 3] },
  metadata: { hello: 'there' },
};

async function policyWith(t: TestContext, changes: object = {}): Promise<string> {
  const folder = join(tempFolder(t), 'policy');
  await mkdir(folder);
  await writeFile(join(folder, 'model.onnx'), addingModel());
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
  return folder;
}

/** onnxruntime is an optional peer. */
const isThere = await loadOnnxRuntime().then(
  () => true,
  () => false,
);

test('a policy in ONNX is described by its config, whether or not onnxruntime is there', async (t) => {
  const { contract } = await openServable(await policyWith(t, { maxBatch: 1 }), 'wasm');
  const checkpoint = contract.metadata.get('checkpoint') as string;
  assert.match(checkpoint, /^sha256:/);
  assert.deepEqual(contract, {
    title: 'onnx-policy/1, step 3',
    metadata: new Map([
      ['checkpoint', checkpoint],
      ['hello', 'there'],
    ]),
    keys: [{ name: 'observation/state', shapes: [[2, 3]], meaning: 'numbers' }],
    actionShape: [2, 3],
    maxBatch: 1,
  });
  await assert.rejects(openServable(await policyWith(t, { model: '../../model.onnx' }), 'wasm'), {
    code: 'wrong-shape',
  });
});

test('without onnxruntime it is told how to get it', {
  skip: isThere && 'onnxruntime-node is installed',
}, async (t) => {
  const { load } = await openServable(await policyWith(t), 'wasm');
  await assert.rejects(load(), { code: 'package-missing', hint: /npm install onnxruntime-node/ });
});

test('a policy in ONNX is served, in batches', { skip: !isThere && 'no onnxruntime-node' }, async (t) => {
  const server = await startPolicyServer({ folder: await policyWith(t), backend: 'wasm', port: 0 });
  t.after(() => server.close());
  const clients = await Promise.all(Array.from({ length: 6 }, () => PolicyClient.connect({ url: server.url })));
  const ask = async (client: PolicyClient, i: number): Promise<number[]> => {
    const state = ndarray(new Float64Array(6).fill(i), [2, 3]);
    const request = new Map<string, WireValue>([
      ['observation/state', state],
      ['noise_seed', i],
    ]);
    return [...numbersOf((await client.infer(request)).get('actions') as NdArray)];
  };
  const expected = clients.map((_, i) => {
    const noise = new Float32Array(6);
    fillGaussian(noise, randomOf(i));
    return [...noise.map((value) => value + i)];
  });
  assert.deepEqual(await Promise.all(clients.map(ask)), expected);
  assert.equal(clients[0]?.metadata.get('hello'), 'there');
  await Promise.all(clients.map((client) => client.close()));
});

test('names that the model does not have are told', { skip: !isThere && 'no onnxruntime-node' }, async (t) => {
  const noise = { name: 'chance', shape: [2, 3] };
  const { load } = await openServable(await policyWith(t, { noise }), 'wasm');
  await assert.rejects(load(), { code: 'not-servable', message: /no chance/, hint: 'It has state, noise.' });
});
