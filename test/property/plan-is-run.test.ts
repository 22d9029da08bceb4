import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../runner/log/events.ts';
import { makePlan, type PlanNode } from '../../runner/plan/plan.ts';
import { add, build, index, salt, step, twice } from '../support/random-graph.ts';
import { Rig, type RigRun } from '../support/rig.ts';

test('what plan says of a random graph is what the run does, with its reason', { timeout: 120_000 }, async (t) => {
  const graphs = fc.record({
    steps: fc.array(step, { minLength: 2, maxLength: 9 }),
    edit: fc.record({ at: index, salt }),
    /** Nodes that run whatever is known of them, at the third time. */
    forced: fc.array(index, { maxLength: 2 }),
  });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(graphs, async ({ steps, edit, forced }) => {
      const rig = await Rig.start(t);
      const edited = steps.map((one, i) => (edit.at % steps.length === i ? { ...one, salt: edit.salt } : one));
      for (const [round, version] of [steps, edited, edited, steps].entries()) {
        const session = await rig.session(() => build(version));
        const calls = session.graph.order.filter(({ node, scope }) => node.type === 'call' && scope.length === 0);
        const names = calls.map(({ address }) => address);
        const force = round < 2 ? [] : forced.flatMap((at) => names[at % Math.max(1, names.length)] ?? []);
        const { nodes } = await makePlan(session, { force });
        const run = await rig.run(() => build(version), { force });
        assert.equal((await run.ended()).status, 'succeeded', run.told());
        for (const node of nodes) {
          seen.add(node.state);
          const where = `${node.address} in round ${round}`;
          if (isBelow(node)) {
            seen.add('run below');
            assert.ok(runsInAnyCase(run, node), `${where}: ${run.told()}`);
          } else assert.deepEqual(asRun(run, node), asPlanned(node), where);
        }
      }
      await rig.close();
    }),
    { numRuns: 40, ...(process.env.STET_TEST_SEED ? { seed: Number(process.env.STET_TEST_SEED) } : {}) },
  );
  for (const state of ['cached', 'run', 'run below', 'unknown'])
    assert.ok(seen.has(state), `no graph had a node that is ${state}`);
});

test('of two calls that are the same by value, the plan says which runs and which takes what it gives', async (t) => {
  const rig = await Rig.start(t);
  const one = add({ all: [1], salt: 0 }).n;
  const first = await rig.run(() => one);
  await first.ended();
  const both = (): unknown => ({ computed: twice({ n: one, salt: 0 }).n, literal: twice({ n: 1, salt: 0 }).n });
  const { nodes } = await rig.plan(both);
  assert.deepEqual(nodes.map(({ state }) => state).sort(), ['cached', 'run', 'shared']);
  const run = await rig.run(both);
  assert.equal((await run.ended()).status, 'succeeded');
  for (const node of nodes) assert.deepEqual(asRun(run, node), asPlanned(node), node.address);
});

interface Said {
  readonly runs: boolean;
  readonly reason?: string | undefined;
}

function asPlanned({ state, reason }: PlanNode): Said | undefined {
  if (state === 'unknown') return undefined;
  return state === 'run' ? { runs: true, reason } : { runs: false };
}

/** It waits for what runs first, and the plan says that it runs whatever comes. */
function isBelow({ state, fingerprint }: PlanNode): boolean {
  return state === 'run' && fingerprint === undefined;
}

/** It ran, or a call of this run that turned out to be the same did. */
function runsInAnyCase({ events }: RigRun, { address }: PlanNode): boolean {
  const queued = events.filter((event): event is Event & { type: 'node-queued' } => event.type === 'node-queued');
  if (queued.some((event) => event.address === address)) return true;
  const taken = events.find((event) => event.type === 'node-cached' && event.address === address);
  return (
    taken !== undefined && queued.some(({ fingerprint }) => 'fingerprint' in taken && fingerprint === taken.fingerprint)
  );
}

/** Undefined where the plan did not promise anything. */
function asRun(run: RigRun, { address, state }: PlanNode): Said | undefined {
  if (state === 'unknown') return undefined;
  const own = run.events.filter((event) => 'address' in event && event.address === address);
  const queued = own.filter((event): event is Event & { type: 'node-queued' } => event.type === 'node-queued');
  const cached = own.filter(({ type }) => type === 'node-cached');
  if (queued.length === 1 && cached.length === 0) return { runs: true, reason: queued[0]?.reason };
  assert.deepEqual([queued.length, cached.length], [0, 1], run.told());
  return { runs: false };
}
