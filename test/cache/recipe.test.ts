import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../cache/canonical-json.ts';
import { type Recipe, recipeDifference } from '../../cache/recipe.ts';

const base: Recipe = { format: 1, task: 'train', inputs: { steps: 20000 }, outputs: { policy: 'checkpoint' } };

test('no difference is no lines', () => {
  assert.deepEqual(recipeDifference(base, { ...base, inputs: { steps: 20000 } }), []);
});

test('a changed input is told by its values', () => {
  assert.deepEqual(between({ steps: 20000 }, { steps: 40000 }), ['input steps 20000 -> 40000']);
  assert.deepEqual(between({ name: 'a' }, { name: 'b' }), ['input name "a" -> "b"']);
  assert.deepEqual(between({}, { seed: 1 }), ['input seed absent -> 1']);
});

test('a nested input is told by the leaf that changed', () => {
  assert.deepEqual(
    between({ classifier: { hiddenSizes: [8, 8], lr: 1 } }, { classifier: { hiddenSizes: [16, 16], lr: 1 } }),
    ['input classifier.hiddenSizes [8,8] -> [16,16]'],
  );
  assert.deepEqual(between({ rows: [{ a: 1 }, { a: 2 }] }, { rows: [{ a: 1 }, { a: 3 }] }), ['input rows[1].a 2 -> 3']);
  assert.deepEqual(between({ rows: [{ a: 1 }] }, { rows: [{ a: 1 }, { a: 3 }] }), ['input rows has 1 item -> 2 items']);
});

test('an artifact is told by its content', () => {
  assert.deepEqual(between({ dataset: artifact('ab12') }, { dataset: artifact('cd34') }), [
    'input dataset has other content (sha256:ab12.. -> sha256:cd34..)',
  ]);
  assert.deepEqual(between({ server: { $service: 'a' } }, { server: { $service: 'b' } }), [
    'input server is another service',
  ]);
});

test('long values are shortened', () => {
  const [line = ''] = between({ text: 'x'.repeat(1000) }, { text: 'y' });
  assert.ok(line.length < 120, line);
});

test('code, files, packages, environment, command and surroundings each have their words', () => {
  const before: Recipe = {
    ...base,
    command: ['train', '--lr=1', '--seed=0'],
    code: { 'tasks/train/act.ts': 'a', 'npm:zod': '4.6.6' },
    files: { 'uv.lock': 'a', 'old.txt': 'a' },
    env: { MUJOCO_GL: 'egl' },
    observed: { etag: 1 },
  };
  const after: Recipe = {
    ...base,
    command: ['train', '--lr=2', '--seed=0'],
    code: { 'tasks/train/act.ts': 'b', 'npm:zod': '4.6.7' },
    files: { 'uv.lock': 'b', 'new.txt': 'a' },
    env: { MUJOCO_GL: 'osmesa' },
    observed: { etag: 2 },
  };
  assert.deepEqual(recipeDifference(before, after), [
    'command changed: --lr 1 -> 2',
    'npm:zod 4.6.6 -> 4.6.7',
    'code of tasks/train/act.ts changed',
    'new.txt is new',
    'old.txt is gone',
    'uv.lock changed',
    'env MUJOCO_GL "egl" -> "osmesa"',
    'observed etag 1 -> 2',
  ]);
});

test('of a file whose parts are known it is told which changed, also of one that is observed', () => {
  const value = (whole: string, load: string, more = '') => `sha256:${whole} f:load=${load} c:Net=1${more}`;
  const of = (before: object, after: object) => recipeDifference({ ...base, ...before }, { ...base, ...after });
  assert.deepEqual(
    of({ files: { 'a.py': value('a', '1') } }, { files: { 'a.py': value('b', '2', ' f:Net.step=1') } }),
    ['a.py: function `load` changed', 'a.py: function `Net.step` is used now'],
  );
  assert.deepEqual(of({ observed: { 'a.py': value('a', '1') } }, { observed: { 'a.py': value('b', '2') } }), [
    'a.py: function `load` changed',
  ]);
  assert.deepEqual(of({ files: { 'a.py': value('a', '1') } }, { files: { 'a.py': value('b', '1') } }), [
    'a.py changed',
  ]);
  assert.deepEqual(of({ files: { 'pip:numpy': 'numpy 1' } }, { files: { 'pip:numpy': 'numpy 2' } }), [
    'package numpy: numpy 1 -> numpy 2',
  ]);
  assert.deepEqual(of({ observed: { at: { size: 1 } } }, { observed: { at: { size: 2 } } }), [
    'observed at.size 1 -> 2',
  ]);
});

test('arguments in another order, or added, are told apart', () => {
  const command = (...words: string[]): Recipe => ({ ...base, command: words });
  assert.deepEqual(recipeDifference(command('a', '-x', '-y'), command('a', '-y', '-x')), [
    'command has its arguments in another order',
  ]);
  assert.deepEqual(recipeDifference(command('a'), command('a', '-y')), ['command changed: + -y']);
});

function between(before: Record<string, Json>, after: Record<string, Json>): string[] {
  return recipeDifference({ ...base, inputs: before }, { ...base, inputs: after });
}

function artifact(start: string): Json {
  return { $artifact: { kind: 'dataset', digest: `sha256:${start.padEnd(64, '0')}` } };
}
