import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { task } from '../../../tasks/core/task.ts';
import { textKind } from '../../support/text-kind.ts';

const convert = task({
  name: 'convert',
  inputs: { raw: z.string(), fps: z.int().optional() },
  outputs: { dataset: z.int(), report: z.string() },
  command: () => ['true'],
});

function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    assert.ok(Problem.is(error), String(error));
    return `${error.code} ${error.message} ${error.hint ?? ''}`;
  }
  throw new Error('nothing was said');
}

const outputs = (): Record<string, unknown> => convert({ raw: 'a' });

test('an output that a task does not have is refused where it is asked for, with the nearest name and all there are', () => {
  const misspelt = said(() => {
    const { dataste } = outputs();
    return dataste;
  });
  assert.equal(
    misspelt,
    'no-such-output convert has no output "dataste". Did you mean "dataset"? Its outputs: dataset, report.',
  );
  assert.match(
    said(() => outputs().model),
    /no output "model"\. Its outputs: dataset, report\./,
  );
});

test('a field of a ref is refused with the way to take it', () => {
  const { dataset } = outputs() as { dataset: Record<string, unknown> };
  assert.match(
    said(() => dataset.meta),
    /ref-used-as-value .*output "dataset" of convert.*\.at\("meta"\)/,
  );
});

test('what promises, inspectors, JSON and spreads ask of outputs and refs is answered as for any object', async () => {
  const given = outputs();
  assert.deepEqual(Object.keys({ ...given }), ['dataset', 'report']);
  assert.equal(await Promise.resolve(given), given);
  assert.equal(await Promise.resolve(given.dataset), given.dataset);
  assert.match(inspect(given), /dataset/);
  assert.deepEqual(given, given);
  assert.notDeepEqual(given, { dataset: 1 });
  assert.equal(given.toJSON, undefined);
  assert.equal(given[Symbol.toStringTag as never], undefined);
  assert.equal(Object.prototype.toString.call(given), '[object Object]');
  assert.match(
    said(() => JSON.stringify(given)),
    /ref-used-as-value/,
  );
});

test('unknown inputs and options are refused, all at once, with the nearest name or all there are', () => {
  const loose = convert as unknown as (inputs: object, options?: object) => unknown;
  const words = said(() => loose({ raw: 'a', fsp: 10, colour: 1 }, { lable: 'x', retires: 2 }));
  assert.match(words, /fsp: no such input; did you mean "fps"\?/);
  assert.match(words, /colour: no such input; there are: raw, fps/);
  assert.match(words, /lable: no such option; did you mean "label"\?/);
  assert.match(words, /retires: no such option; did you mean "retries"\?/);
});

const count = task({ name: 'count', inputs: {}, outputs: { fps: z.int() }, command: (_, out) => ['touch', out.fps] });
const write = task({
  name: 'write',
  inputs: {},
  outputs: { file: textKind },
  command: (_, out) => ['touch', out.file],
});

const train = task({
  name: 'train',
  inputs: { chunk: z.int().default(16), carried: z.int(), set: z.union([textKind, z.string()]).optional() },
  outputs: { score: z.number() },
  contradictions: ({ chunk = Infinity, carried = 0 }, { set }) => [
    ...(carried > chunk ? [`carried ${carried} are more than chunk ${chunk}`] : []),
    ...(set === 'text' && chunk < 4 ? ['set: texts need a chunk of 4'] : []),
  ],
  command: (_, out) => ['true', out.score],
});

test('inputs that contradict each other are refused when the task is called, with defaults', () => {
  assert.throws(() => train({ carried: 20 }), { code: 'wrong-inputs', message: /carried 20 are more than chunk 16/ });
  assert.doesNotThrow(() => train({ carried: 20, chunk: 20 }));
});

test('what is still to come is no contradiction, and its kind is known', () => {
  const { fps } = count({});
  assert.doesNotThrow(() => train({ carried: fps, chunk: 1 }));
  const { file } = write({});
  assert.throws(() => train({ carried: 1, chunk: 2, set: file }), { message: /set: texts need a chunk of 4/ });
});
