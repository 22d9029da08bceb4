import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareNatural } from '../../tasks/core/stream.ts';
import { build, index, listOf, pick, salt, type Step, step, sum } from '../support/random-graph.ts';
import { Rig, type RigRun } from '../support/rig.ts';

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
