import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { compareNatural } from '../../tasks/core/stream.ts';
import { type Ref, stream, task } from '../../tasks/core/task.ts';
import { Rig, type RigRun } from '../support/rig.ts';

const int = z.int();
const script = (line: string, out: string): string[] => ['sh', '-c', line, out];
const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

const add = task({
  name: 'add',
  inputs: { all: z.array(int), salt: int },
  outputs: { n: int },
  command: ({ all, salt }, out) => script(`echo ${(sum(all) + salt) % 7} > "$0"`, out.n),
});
const twice = task({
  name: 'twice',
  inputs: { n: int, salt: int },
  outputs: { n: int },
  command: ({ n, salt }, out) => script(`echo ${(2 * n + salt) % 11} > "$0"`, out.n),
});
const list = task({
  name: 'list',
  inputs: { n: int, salt: int },
  outputs: { items: z.array(int) },
  command: ({ n, salt }, out) => script(`echo "[${listOf(n, salt)}]" > "$0"`, out.items),
});
const flow = task({
  name: 'flow',
  inputs: { n: int, salt: int },
  outputs: { items: stream(int) },
  command: ({ n, salt }, out) =>
    script(
      `mkdir -p "$0"; i=8; for v in ${listOf(n, salt).join(' ')}; do echo $v > "$0/.x"; mv "$0/.x" "$0/$i"; i=$((i + 1)); done`,
      out.items,
    ),
});

function listOf(n: number, salt: number): number[] {
  return Array.from({ length: (n + salt) % 4 }, (_, i) => n + i);
}

/** One node of a random graph; `from` and `lists` choose among the values and lists made before it. */
type Step =
  | { kind: 'add'; from: number[]; salt: number }
  | { kind: 'twice'; from: number; salt: number }
  | { kind: 'list' | 'flow'; from: number; salt: number }
  | { kind: 'each'; list: number; salt: number; filtered: boolean; outer: boolean }
  | { kind: 'gather'; list: number; salt: number };

const index = fc.nat(1000);
const salt = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), from: fc.array(index, { maxLength: 3 }), salt }),
  fc.record({ kind: fc.constant('twice' as const), from: index, salt }),
  fc.record({ kind: fc.constantFrom('list' as const, 'flow' as const), from: index, salt }),
  fc.record({ kind: fc.constant('each' as const), list: index, salt, filtered: fc.boolean(), outer: fc.boolean() }),
  fc.record({ kind: fc.constant('gather' as const), list: index, salt }),
);

const pick = <T>(from: readonly T[], at: number): T | undefined => from[at % Math.max(1, from.length)];

/** The graph as an author would write it. */
function build(steps: readonly Step[]): unknown {
  const values: Ref<number>[] = [];
  const lists: Ref<number[]>[] = [];
  for (const one of steps) {
    if (one.kind === 'add')
      values.push(add({ all: one.from.flatMap((at) => pick(values, at) ?? []), salt: one.salt }).n);
    if (one.kind === 'twice') values.push(twice({ n: pick(values, one.from) ?? 1, salt: one.salt }).n);
    if (one.kind === 'list') lists.push(list({ n: pick(values, one.from) ?? 1, salt: one.salt }).items);
    if (one.kind === 'flow') lists.push(flow({ n: pick(values, one.from) ?? 1, salt: one.salt }).items);
    const over = 'list' in one ? pick(lists, one.list) : undefined;
    if (one.kind === 'gather' && over) values.push(add({ all: over, salt: one.salt }).n);
    if (one.kind !== 'each' || !over) continue;
    const some = one.filtered ? over.filter((n) => n % 2 === 0) : over;
    const beside = one.outer ? values[0] : undefined;
    lists.push(
      some.each((n) => (beside ? add({ all: [n, beside], salt: one.salt }).n : twice({ n, salt: one.salt }).n)),
    );
  }
  return { values, lists };
}

/** The same without a cache, a graph or a process; `ran` collects every task call by what it is called with. */
function evaluate(steps: readonly Step[], ran: Set<string>): { values: number[]; lists: number[][] } {
  const values: number[] = [];
  const lists: number[][] = [];
  const call = <T>(name: string, inputs: unknown, result: T): T => (
    ran.add(`${name} ${JSON.stringify(inputs)}`), result
  );
  const added = (all: number[], by: number): number => call('add', [all, by], (sum(all) + by) % 7);
  const doubled = (n: number, by: number): number => call('twice', [n, by], (2 * n + by) % 11);
  for (const one of steps) {
    if (one.kind === 'add')
      values.push(
        added(
          one.from.flatMap((at) => pick(values, at) ?? []),
          one.salt,
        ),
      );
    if (one.kind === 'twice') values.push(doubled(pick(values, one.from) ?? 1, one.salt));
    if (one.kind === 'list' || one.kind === 'flow') {
      const n = pick(values, one.from) ?? 1;
      lists.push(call(one.kind, [n, one.salt], listOf(n, one.salt)));
    }
    const over = 'list' in one ? pick(lists, one.list) : undefined;
    if (one.kind === 'gather' && over) values.push(added(over, one.salt));
    if (one.kind !== 'each' || !over) continue;
    const [beside] = one.outer ? values : [];
    lists.push(
      over
        .filter((n) => !one.filtered || n % 2 === 0)
        .map((n) => (beside === undefined ? doubled(n, one.salt) : added([n, beside], one.salt))),
    );
  }
  return { values, lists };
}

test('random graphs give what an evaluator without a cache gives, and run each call once ever', {
  timeout: 120_000,
}, async (t) => {
  const graphs = fc.record({
    steps: fc.array(step, { minLength: 2, maxLength: 9 }),
    edits: fc.array(fc.record({ at: index, salt }), { minLength: 1, maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(graphs, async ({ steps, edits }) => {
      const rig = await Rig.start(t);
      const ran = new Set<string>();
      const edited = steps.map((one, i) => {
        const edit = edits.find(({ at }) => at % steps.length === i);
        return edit ? { ...one, salt: edit.salt } : one;
      });
      for (const version of [steps, edited, steps]) {
        const before = ran.size;
        const expected = evaluate(version, ran);
        const run = await rig.run(() => build(version));
        const { results, status, counts } = await run.ended();
        assert.equal(status, 'succeeded', run.told());
        assert.deepEqual(plain(results), expected);
        assert.equal(counts.done, ran.size - before, told(run, [...ran].slice(before)));
      }
      await rig.close();
    }),
    { numRuns: 60, ...(process.env.STET_TEST_SEED ? { seed: Number(process.env.STET_TEST_SEED) } : {}) },
  );
});

function told(run: RigRun, expected: readonly string[]): string {
  return `ran ${run.of('node-finished').sort(compareNatural).join(', ')}; expected ${expected.join(', ')}`;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('$stream' in value) return (value.$stream as { value: unknown }[]).map((item) => plain(item.value));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
