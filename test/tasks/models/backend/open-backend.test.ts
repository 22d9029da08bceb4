import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { Problem } from '../../../../cache/problem.ts';
import { siblingModule } from '../../../../tasks/core/sibling-module.ts';
import { describeBackend, openBackend } from '../../../../tasks/models/backend/open-backend.ts';
import { fillGaussian, randomOf } from '../../../../tasks/models/random.ts';

test('a backend that is not installed is refused with what was tried and the command that installs it', async (t) => {
  const error = await openBackend('node-gpu').then(
    () => undefined,
    (problem: unknown) => problem,
  );
  if (error === undefined) return t.skip('it is installed here');
  assert.ok(Problem.is(error));
  assert.equal(error.code, 'backend-unavailable');
  assert.match(error.message, /"node-gpu" cannot be had\. Tried:\n {2}node-gpu: /);
  assert.match(error.hint ?? '', /npm install @tensorflow\/tfjs-node-gpu/);
});

test('wasm and cpu are described without loading TF.js', () => {
  const module = siblingModule(import.meta.url, '../../../../tasks/models/backend/open-backend');
  const loader = module.pathname.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const script = `const { describeBackend } = await import('${module.href}');
    console.log(JSON.stringify([await describeBackend('wasm'), await describeBackend('cpu'), '_tfGlobals' in globalThis]));`;
  const told = execFileSync(process.execPath, [...loader, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const [wasm, cpu, loaded] = JSON.parse(told) as unknown[];
  assert.deepEqual(wasm, { backend: 'wasm', tfjs: '4.22.0', patch: 1, dtype: 'float32' });
  assert.deepEqual(cpu, { backend: 'cpu', tfjs: '4.22.0', patch: 0, dtype: 'float32' });
  assert.equal(loaded, false);
});

test('what is described is what is opened, and auto says what it took', async () => {
  assert.deepEqual((await openBackend('wasm')).identity, await describeBackend('wasm'));
  assert.ok(['node-gpu', 'node', 'wasm'].includes((await describeBackend('auto')).backend));
});

test('opening wasm leaves no listener for uncaught errors behind', async () => {
  await openBackend('wasm');
  const listeners = process.listeners('uncaughtException').map(String);
  assert.ok(!listeners.some((text) => text.includes('ExitStatus')));
});

for (const [transposeA, transposeB] of [
  [false, true],
  [true, false],
  [true, true],
] as const) {
  test(`a product on wasm is right with transposed operands: ${transposeA}, ${transposeB}`, async () => {
    const { tf } = await openBackend('wasm');
    const [a, b] = [new Float32Array(6), new Float32Array(12)];
    fillGaussian(a, randomOf(1));
    fillGaussian(b, randomOf(2));
    const before = tf.memory().numBytes;
    const found = tf.tidy(() => [
      ...tf
        .matMul(
          tf.tensor2d(a, transposeA ? [3, 2] : [2, 3]),
          tf.tensor2d(b, transposeB ? [4, 3] : [3, 4]),
          transposeA,
          transposeB,
        )
        .dataSync(),
    ]);
    const at = (row: number, column: number): number =>
      [0, 1, 2].reduce(
        (sum, k) => sum + a[transposeA ? k * 2 + row : row * 3 + k]! * b[transposeB ? column * 3 + k : k * 4 + column]!,
        0,
      );
    found.forEach((value, i) => assert.ok(Math.abs(value - at(Math.floor(i / 4), i % 4)) < 1e-5));
    assert.equal(tf.memory().numBytes, before);
  });
}
