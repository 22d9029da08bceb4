import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { z } from 'zod';
import type { KeyedCall } from '../../../runner/keys/keyed-call.ts';
import { Problem } from '../../../cache/problem.ts';
import { service, type Task, task } from '../../../tasks/core/task.ts';
import { PassScene } from '../../support/pass-scene.ts';

type Score = Task<{ x: z.ZodInt }, { v: z.ZodUnknown }>;

const shape = { name: 'score', inputs: { x: z.int() }, outputs: { v: z.unknown() } };

/** A factory: the usual way to make variants of a step. */
const over = (thing: unknown): Score => task({ ...shape, run: async ({ x }) => ({ v: [thing, x] }) });

/** The calls of tasks with one input, as one graph has them. */
async function calls(t: TestContext, ...tasks: Score[]): Promise<KeyedCall[]> {
  const scene = await PassScene.open(
    t,
    tasks.map((one) => one({ x: 1 }).v),
  );
  const keyed: KeyedCall[] = [];
  for (const { address } of scene.graph.order) keyed.push(await scene.call(address));
  return keyed;
}

async function areSame(t: TestContext, ...tasks: Score[]): Promise<boolean> {
  const keyed = await calls(t, ...tasks);
  return new Set(keyed.map(({ fingerprint }) => fingerprint)).size === 1;
}

test('tasks that one function makes are told apart by what their bodies close over', async (t) => {
  const [one, two, again] = await calls(t, over('mse'), over('mae'), over('mse'));
  assert.deepEqual(one?.recipe.closure, { thing: 'mse' });
  assert.notEqual(one?.fingerprint, two?.fingerprint);
  assert.equal(one?.fingerprint, again?.fingerprint);
});

const table = (k: number): Record<string, number> => ({ k });
const scale = (k: number) => (x: number) => x * k;

const withField = (k: number) =>
  class {
    static readonly k = k;
    readonly own = 1;
  };
const derived = (k: number) => class extends withField(k) {};

/** Pairs that differ in what they hold only. */
const differing: Record<string, [unknown, unknown]> = {
  numbers: [1, 2],
  'minus zero': [0, -0],
  'numbers without a form in JSON': [Number.NaN, Number.POSITIVE_INFINITY],
  'nothing and null': [undefined, null],
  'fields inside': [{ a: [table(1)] }, { a: [table(2)] }],
  'long tables': [Array.from({ length: 999 }, () => 1), Array.from({ length: 999 }, () => 2)],
  dates: [new Date(1), new Date(2)],
  patterns: [/a/, /a/i],
  maps: [new Map([[1, 2]]), new Map([[1, 3]])],
  sets: [new Set([1]), new Set([2])],
  bytes: [new Uint8Array([1]), new Uint8Array([2])],
  functions: [(x: number) => x + 1, (x: number) => x + 2],
  'functions by what they close over themselves': [scale(2), scale(3)],
  'functions of Node': [Math.max, Math.min],
  'the order of fields': [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  'nothing and what looks like our word for it': [undefined, { $undefined: true }],
  'functions of one name': [Array.prototype.at, String.prototype.at],
  'fields of functions': [Object.assign(() => 1, { k: 1 }), Object.assign(() => 1, { k: 2 })],
  'fields of classes': [withField(1), withField(2)],
  'classes that are derived from others': [derived(1), derived(2)],
  'places where patterns go on': [Object.assign(/a/g, { lastIndex: 1 }), Object.assign(/a/g, { lastIndex: 2 })],
  'checks by hand in types': [
    z.number().superRefine((n, { addIssue }) => (n > 1 ? undefined : addIssue('1'))),
    z.number().superRefine((n, { addIssue }) => (n > 2 ? undefined : addIssue('2'))),
  ],
  'checks of types': [
    z.number().check(({ value }) => assert.ok(value > 1)),
    z.number().check(({ value }) => assert.ok(value > 2)),
  ],
  types: [z.object({ a: z.int() }), z.object({ a: z.number() })],
  'limits of types': [z.array(z.string().max(3)), z.array(z.string().max(4))],
  'functions in types': [z.number().transform((n) => n + 1), z.number().transform((n) => n + 2)],
};

for (const [what, [one, other]] of Object.entries(differing)) {
  test(`a body is another one when it closes over other ${what}`, async (t) => {
    assert.equal(await areSame(t, over(one), over(other)), false);
    assert.equal(await areSame(t, over(one), over(one)), true);
  });
}

test('types that are declared alike are the same', async (t) => {
  const type = () => z.object({ a: z.array(z.int().min(2)), b: z.enum(['x', 'y']).optional() });
  assert.equal(await areSame(t, over(type()), over(type())), true);
});

test('a value that holds itself has a form', async (t) => {
  const ring = (k: number): object => {
    const value: Record<string, unknown> = { k };
    value.self = value;
    return value;
  };
  assert.equal(await areSame(t, over(ring(1)), over(ring(2))), false);
  assert.equal(await areSame(t, over(ring(1)), over(ring(1))), true);
});

test('what other functions close over does not count for a body', async (t) => {
  const make = (unused: number): [Score, () => number] => [
    task({ ...shape, run: async ({ x }) => ({ v: x }) }),
    () => unused,
  ];
  assert.equal(await areSame(t, make(1)[0], make(2)[0]), true);
});

test('an inner name hides an outer one', async (t) => {
  const make = (k: number): Score => {
    const outer = (): number => k;
    assert.equal(outer(), k);
    return ((k: string) => task({ ...shape, run: async ({ x }) => ({ v: [k, x] }) }))('inner');
  };
  assert.equal(await areSame(t, make(1), make(2)), true);
});

test('bodies that functions make without closing over anything are told apart by their text', async (t) => {
  const plus = (): Score => task({ ...shape, run: async ({ x }) => ({ v: x + 1 }) });
  const minus = (): Score => task({ ...shape, run: async ({ x }) => ({ v: x - 1 }) });
  assert.equal(await areSame(t, plus(), minus()), false);
  assert.equal(await areSame(t, plus(), plus()), true);
});

const first = task({ ...shape, name: 'twin', run: async ({ x }) => ({ v: x + 1 }) });
const second = task({ ...shape, name: 'twin', run: async ({ x }) => ({ v: x - 1 }) });
const looped: Score[] = [];
for (const k of [1, 2]) looped.push(task({ ...shape, run: async ({ x }) => ({ v: x * k }) }));
const named: Score[] = [];
for (const k of [1, 2]) named.push(task({ ...shape, name: `named-${k}`, run: async ({ x }) => ({ v: x * k }) }));
const single = task({ ...shape, name: 'single', run: async ({ x }) => ({ v: x }) });

async function keyed(t: TestContext, name: string, wanted: Score): Promise<KeyedCall> {
  return (await PassScene.open(t, wanted({ x: 1 }).v)).call(name);
}

test('two bodies of one name in one module are told apart, in one run and across runs', async (t) => {
  assert.notEqual((await keyed(t, 'twin', first)).fingerprint, (await keyed(t, 'twin', second)).fingerprint);
});

test('bodies that a loop of a module makes are told apart', async (t) => {
  assert.equal(await areSame(t, ...looped), false);
});

test('bodies that a loop of a module makes under names of their own count with what they close over', async (t) => {
  const [one, two] = await calls(t, ...named);
  assert.deepEqual([one?.recipe.closure, two?.recipe.closure], [{ k: 1 }, { k: 2 }]);
});

test('where name and module say which body is meant, the code of the module is all that counts', async (t) => {
  const { recipe } = await keyed(t, 'single', single);
  assert.deepEqual(Object.keys(recipe), ['format', 'task', 'inputs', 'outputs', 'code']);
});

test('a service that a function makes is told apart like a task', async (t) => {
  const serving = (thing: unknown) =>
    service({
      name: 'server',
      inputs: {},
      ready: { http: '/', withinSeconds: 1 },
      run: async () => assert.equal(thing, thing),
    })({});
  const scene = await PassScene.open(t, [serving(1), serving(2)]);
  assert.notEqual((await scene.call('server')).fingerprint, (await scene.call('server~2')).fingerprint);
});

test('the word `this` in a text, or in a function that has its own, is no reason to refuse', async (t) => {
  const make = (k: number): Score =>
    task({
      ...shape,
      async run() {
        const own = {
          k,
          get() {
            return this.k;
          },
        }; // prettier-ignore
        return { v: [k, 'this is a text', own.get()] };
      },
    });
  assert.equal(await areSame(t, make(1), make(2)), false);
});

test('a name with combining marks counts like any other', async (t) => {
  const make = (x̂: number): Score => task({ ...shape, run: async ({ x }) => ({ v: x̂ + x }) });
  assert.equal(await areSame(t, make(1), make(2)), false);
});

test('a body that asks for what another task is declared as counts with it', async (t) => {
  const make = (inner: Score): Score => task({ ...shape, run: async () => ({ v: String(inner.spec.run) }) });
  const inner = (k: number): Score => task({ ...shape, name: 'inner', run: async () => ({ v: k }) });
  assert.equal(await areSame(t, make(inner(1)), make(inner(2))), false);
});

class Model {
  readonly #weights = [1];
  argument(): Score {
    return task({ ...shape, run: async () => ({ v: [this].length }) });
  }
  taken(): Score {
    return task({
      ...shape,
      run: async () => {
        const { argument } = this;
        return { v: [argument, 'function'] };
      },
    });
  }
  scoreWith(): Score {
    return task({ ...shape, run: async () => ({ v: this.#weights }) });
  }
}

const unknown: Record<string, [() => Score, RegExp]> = {
  'an object of a class': [() => over({ model: new Model() }), /thing\.model is an object of class Model/],
  'a bound function': [() => over(readFile.bind(undefined)), /thing is a bound function/],
  'what a bound function holds, as its body': [
    () => task({ ...shape, run: (async (k: number) => ({ v: k })).bind(undefined, 1) }),
    /its body is a function that is in no module/,
  ],
  'a symbol': [() => over(Symbol('a')), /thing is a symbol/],
  'a map of a class of its own': [() => over(new (class Table extends Map {})()), /thing is an object of class Table/],
  'a list with gaps': [() => over(new Array(2)), /thing is a list with gaps/],
  'a list with a field': [() => over(Object.assign([1], { k: 1 })), /thing is a list .*fields of its own/],
  'a date with a field': [() => over(Object.assign(new Date(1), { k: 1 })), /thing is an object of class Date/],
  'a field that a symbol names': [
    () => over({ [Symbol('k')]: 1 }),
    /thing is an object with a field that a symbol names/,
  ],
  'a hidden field': [
    () => over(Object.defineProperty({}, 'k', { value: 1 })),
    /thing is an object with a hidden field k/,
  ],
  'a field that is worked out': [
    () =>
      over({
        get k() {
          return 1;
        },
      }),
    /thing is an object whose k is worked out/,
  ],
  'a function of Node that holds what nobody sees': [
    () => over(new Intl.NumberFormat('de').format),
    /thing is a function that holds what nobody can see/,
  ],
  '`this` as an argument': [() => new Model().argument(), /this is `this` of another function/],
  'fields of `this`': [() => new Model().taken(), /this is `this` of another function/],
  'what its method is called on': [
    () =>
      task({
        ...shape,
        async run() {
          return { v: this };
        },
      }),
    /this is what the body is called on/,
  ],
  'the object of a method': [() => new Model().scoreWith(), /this is `this` of another function/],
};

for (const [what, [make, words]] of Object.entries(unknown)) {
  test(`a body that closes over ${what} is refused with what it is, where, and what to write`, async (t) => {
    await assert.rejects(calls(t, make()), (error) => {
      assert.ok(Problem.is(error));
      assert.equal(error.code, 'unknown-closure');
      assert.match(error.message, words);
      assert.match(error.message, /score .*closures\.test/);
      assert.match(error.hint ?? '', /as an input.*version/);
      return true;
    });
  });
}

const versioned = (thing: unknown): Score => task({ ...shape, version: '1', run: async () => ({ v: thing }) });

test('a version stands for what a body closes over, also for what has no form', async (t) => {
  const [call] = await calls(t, versioned(new Model()));
  assert.equal(call?.recipe.version, '1');
  assert.equal(call?.recipe.closure, undefined);
});

test('two bodies in one graph that have one version and differ are refused', async (t) => {
  await assert.rejects(calls(t, versioned(1), versioned(2)), { code: 'same-task-twice' });
  assert.equal(await areSame(t, versioned(1), versioned(1)), true);
});
