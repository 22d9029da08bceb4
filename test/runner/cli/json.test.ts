import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addThenDouble, CliProject } from '../../support/cli.ts';

interface Line {
  readonly type: string;
  readonly status?: string;
  readonly counts?: unknown;
}

test('run --json prints one event a line, and run-finished last', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const { code, stdout } = await project.run(['run', 'sums', '--json']);
  assert.equal(code, 0);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  assert.equal(events[0]?.type, 'run-started');
  const { type, status, counts } = events.at(-1) as Line;
  assert.deepEqual(
    { type, status, counts },
    { type: 'run-finished', status: 'succeeded', counts: { done: 2, cached: 0, failed: 0, skipped: 0 } },
  );
});

test('plan --json prints one object with the state and reason of each node', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const plan = async (...more: string[]) => {
    const { stdout } = await project.run(['plan', 'sums', ...more, '--json']);
    const { nodes } = JSON.parse(stdout) as {
      nodes: { address: string; label: string; state: string; reason: string }[];
    };
    return nodes.map(({ address, label, state, reason }) => [address, label, state, reason]);
  };
  assert.deepEqual(await plan(), [
    ['add', 'add', 'run', 'it never ran before'],
    ['double', 'double', 'run', 'it never ran before'],
  ]);
  await project.run(['run', 'sums']);
  assert.deepEqual(
    (await plan()).map(([, , state]) => state),
    ['cached', 'cached'],
  );
  assert.deepEqual((await plan('a=5'))[0]?.slice(2), ['run', 'input a 1 -> 5']);
});

test('status --json tells the phase of each node', async (t) => {
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  await project.run(['run', 'sums']);
  const { stdout } = await project.run(['status', '1', '--json']);
  const { status, nodes } = JSON.parse(stdout) as { status: string; nodes: { label: string; state: string }[] };
  assert.equal(status, 'succeeded');
  assert.deepEqual(
    nodes.map(({ label, state }) => [label, state]),
    [
      ['add', 'done'],
      ['double', 'done'],
    ],
  );
});

test('graph --format json is read by graphology', async (t) => {
  const { DirectedGraph } = await import('graphology');
  const project = new CliProject(t);
  project.pipeline('sums', addThenDouble);
  const { stdout } = await project.run(['graph', 'sums', '--format', 'json']);
  const graph = DirectedGraph.from(JSON.parse(stdout) as Parameters<typeof DirectedGraph.from>[0]);
  assert.deepEqual(graph.nodes(), ['add', 'double']);
  assert.ok(graph.hasEdge('add', 'double'));
});
