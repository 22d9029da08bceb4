import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { Problem } from '../../../cache/problem.ts';
import { applyOverrides, describeParams, parseOverrides } from '../../../pipelines/core/overrides.ts';

const schema = z.strictObject({
  seed: z.int().default(1),
  lr: z.number().default(0.1),
  name: z.string().default('a'),
  note: z.string().optional(),
  limit: z.int().nullable().default(null),
  mixed: z.union([z.int(), z.string()]).default(1),
  colour: z.enum(['red', 'green']).default('red'),
  level: z.literal([1, 'x']).default(1),
  weights: z.record(z.string(), z.number()).default({ a: 1 }),
  tags: z.array(z.string()).default(['q']),
  flag: z.boolean().default(false),
  eval: z
    .object({ episodes: z.int().default(50), scene: z.object({ id: z.string().default('z') }).prefault({}) })
    .prefault({}),
});
const defaults = schema.parse({});

const apply = (...args: string[]) => applyOverrides(schema, {}, parseOverrides(args));
const only = (...args: string[]) => apply(...args)[0]?.params;
const labels = (...args: string[]) => apply(...args).map(({ label }) => label);
function wrong(...args: string[]): string {
  try {
    apply(...args);
  } catch (error) {
    if (Problem.is(error) && error.code === 'wrong-parameters') return error.message;
    throw error;
  }
  throw new Error(`${args.join(' ')} was accepted`);
}

/** A value as it may be typed, with every text in quotes. */
function typed(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/[\\"]/g, '\\$&')}"`;
  if (Array.isArray(value)) return `[${value.map(typed).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${typed(key)}:${typed(inner)}`)
      .join(', ')}}`;
  return String(value);
}

test('random nested parameters survive being typed and read', () => {
  const text = fc.string({ unit: 'binary' });
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0);
  const params = fc.record({
    text,
    number,
    int: fc.integer(),
    flag: fc.boolean(),
    limit: fc.option(fc.integer()),
    list: fc.array(fc.array(text)),
    table: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      fc.record({ x: number, name: text }),
    ),
    either: fc.oneof(fc.integer(), fc.boolean(), text),
  });
  const shape = z.strictObject({
    text: z.string(),
    number: z.number(),
    int: z.int(),
    flag: z.boolean(),
    limit: z.int().nullable(),
    list: z.array(z.array(z.string())),
    table: z.record(z.string(), z.object({ x: z.number(), name: z.string() })),
    either: z.union([z.string(), z.int(), z.boolean()]),
  });
  fc.assert(
    fc.property(params, (given) => {
      const plain = JSON.parse(JSON.stringify(given)) as object;
      const args = Object.entries(plain).map(([key, value]) => `${key}=${typed(value)}`);
      assert.deepEqual(applyOverrides(shape, {}, parseOverrides(args)), [{ params: plain, label: '' }]);
    }),
  );
});

test('text without quotes and without special signs is itself', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[\w./:@=+-][\w ./:@=+-]*[\w./]$/), (text) => {
      fc.pre(!/^(range|choice)\(/.test(text));
      assert.equal(only(`name=${text}`)?.name, text);
    }),
  );
});

test('a value means what its type makes of it', () => {
  assert.equal(only('name=01')?.name, '01');
  assert.equal(only('name=null')?.name, 'null');
  assert.equal(only('name=')?.name, '');
  assert.equal(only('name=a=b')?.name, 'a=b');
  assert.equal(only('seed=1e5')?.seed, 100_000);
  assert.equal(only('seed=100_000')?.seed, 100_000);
  assert.equal(only('lr=1e-4')?.lr, 1e-4);
  assert.equal(only('limit=NULL')?.limit, null);
  assert.equal(only('limit=3')?.limit, 3);
  assert.equal(only('mixed=1')?.mixed, 1);
  assert.equal(only('mixed=01')?.mixed, '01');
  assert.equal(only('mixed="1"')?.mixed, '1');
  assert.equal(only('level=x')?.level, 'x');
  assert.equal(only('flag=True')?.flag, true);
  assert.deepEqual(only('tags=[a, "b,c", d\\,e]')?.tags, ['a', 'b,c', 'd,e']);
  assert.deepEqual(only('eval={scene: {id: k}}')?.eval, { episodes: 50, scene: { id: 'k' } });
});

for (const [arg, words] of [
  ['seed=01', /seed: expected int, found "01"/],
  ['seed=1.5', /seed: expected int/],
  ['seed="1"', /seed: expected int, found text "1"/],
  ['seed=', /seed: expected int/],
  ['seed=[1]', /found a list/],
  ['lr=inf', /lr: expected number, found Infinity/],
  ['lr=0x10', /lr: expected number/],
  ['flag=1', /flag: expected boolean/],
  ['colour=gren', /did you mean "green"\?/],
  ['tags=a', /tags: expected list of string/],
  ['tags.0=x', /^\s*tags\.0: no such parameter$/m],
  ['sede=1', /did you mean "seed"\?/],
  ['eval.scene.ib=1', /did you mean "eval.scene.id"\?/],
  ['eval.episodes.x=1', /eval\.episodes\.x: no such parameter/],
  ['eval={episode:1}', /did you mean "eval.episodes"\?/],
  ['weights.b=1', /add it with \+weights\.b=/],
  ['+seed=2', /seed: is already 1; leave out the \+/],
  ['~weights.b', /cannot be removed/],
  ['~seed=2', /seed: is 1, not 2/],
  ['__proto__.x=1', /no such parameter/],
] as const) {
  test(`${arg} is refused in one line`, () => {
    const message = wrong(arg);
    assert.match(message, words);
    assert.equal(message.split('\n').length, 2, message);
  });
}

test('all that is wrong is said at once', () => {
  assert.equal(wrong('seed=x', 'sede=1', 'lr=y', 'eval.episodes=0.5').split('\n').length, 5);
  assert.throws(
    () => parseOverrides(['seed', '=1', 'a="b', 'x=[1', 'y={a}', 'z="a"b', 'r=range(0)', 'r=range(a)']),
    (error) => Problem.is(error) && error.message.split('\n').length === 9,
  );
});

test('signs add, force and delete', () => {
  assert.deepEqual(only('+weights.b=2')?.weights, { a: 1, b: 2 });
  assert.deepEqual(only('++weights.b=2')?.weights, { a: 1, b: 2 });
  assert.deepEqual(only('~weights.a')?.weights, {});
  assert.deepEqual(only('+tags=[b]')?.tags, ['q', 'b']);
  assert.equal(only('++seed=2')?.seed, 2);
  assert.equal(only('seed=7', '~seed=7')?.seed, 1);
  assert.equal(only('note=x', '~note')?.note, undefined);
  assert.equal(only('seed=2', 'seed=3')?.seed, 3);
});

test('a sweep varies later names fastest', () => {
  assert.deepEqual(labels('seed=1,2', 'lr=range(0,0.5,0.25)'), [
    'seed=1 lr=0',
    'seed=1 lr=0.25',
    'seed=2 lr=0',
    'seed=2 lr=0.25',
  ]);
  assert.deepEqual(labels('name=choice(a,b)', 'seed=9'), ['name=a', 'name=b']);
  assert.deepEqual(labels('seed=range(3,0,-1)'), ['seed=3', 'seed=2', 'seed=1']);
  assert.deepEqual(labels('name="choice(a,b)"'), ['']);
  assert.deepEqual(labels('tags=[a,b],[c]'), ['tags=[a,b]', 'tags=[c]']);
});

test('a value that is swept twice is refused', () => {
  assert.match(wrong('seed=1,2', 'seed=3,4'), /seed: is swept, and set again by seed=3,4/);
  assert.match(wrong('seed=1,2', 'seed=3'), /set again/);
  assert.match(wrong('eval.episodes=1,2', 'eval={episodes:3}'), /set again/);
  assert.match(wrong('seed=1,1'), /the sweep has 1 twice/);
  assert.equal(apply('seed=1', 'seed=2,3').length, 2);
});

test('what is not given is the default, also inside of a default', () => {
  assert.deepEqual(only(), defaults);
  const whole = z.strictObject({ box: z.object({ w: z.int(), h: z.int() }).default({ w: 1, h: 2 }) });
  assert.deepEqual(applyOverrides(whole, {}, parseOverrides(['box.w=5']))[0]?.params, { box: { w: 5, h: 2 } });
  assert.deepEqual(applyOverrides(whole, { box: { h: 7 } }, [])[0]?.params, { box: { w: 1, h: 7 } });
});

test('what must be given is asked for by name and type', () => {
  const needy = z.strictObject({ steps: z.int(), where: z.object({ path: z.string() }) });
  assert.throws(
    () => applyOverrides(needy, {}, []),
    /steps: is not set; it must be given \(int\)\n {2}where: is not set/,
  );
});

test('parameters are described by dotted names', () => {
  const described = describeParams(schema).map(({ name, type, default: value }) => [name, type, value]);
  assert.deepEqual(described.slice(0, 5), [
    ['seed', 'int', 1],
    ['lr', 'number', 0.1],
    ['name', 'string', 'a'],
    ['note', 'string', undefined],
    ['limit', 'int or null', null],
  ]);
  assert.deepEqual(described.slice(-2), [
    ['eval.episodes', 'int', 50],
    ['eval.scene.id', 'string', 'z'],
  ]);
  assert.equal(
    describeParams(z.strictObject({ n: z.int().describe('how many').default(1) }))[0]?.description,
    'how many',
  );
});
