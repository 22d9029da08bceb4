import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../../../cache/digest.ts';
import { graphDot, graphMermaid, graphText } from '../../../runner/drawing/export-graph.ts';
import { addRunSection, hasRoomForRun } from '../../../runner/drawing/run-section.ts';
import { cached, ended, finished, node, stateAfter } from '../views/scene.ts';

const empty = '<main><section id="this-run" hidden><!--stet:this-run--></section></main>';

test('a page gets the graph and the times of its run, and no markup from labels', () => {
  const nodes = [node('a', { label: 'a <b>&$&' }), node('b', { needs: ['a'] })];
  const state = stateAfter(nodes, [
    [0, cached('a')],
    [3, finished('b', 3)],
    [3, ended('succeeded')],
  ]);
  const page = addRunSection(empty, state);
  assert.ok(!page.includes('hidden') && !page.includes('<b>'));
  assert.match(page, /<svg[^]*a &lt;b&gt;&amp;\$&amp;[^]*<\/svg>/);
  assert.match(page, /<td>b<\/td><td>done<\/td><td class="number">3\.0 s<\/td>/);
});

test('a page says whose word it is when an old result was accepted, in words and not in markup', () => {
  const accepted = {
    as: `sha256:${'a'.repeat(64)}` as Digest,
    run: '0001',
    node: 'a',
    by: 'ada',
    at: '2026-01-01T00:00:00.000Z',
    why: 'only <logs>',
    differences: [],
  };
  const page = addRunSection(empty, stateAfter([node('a')], [[0, Object.assign(cached('a'), { accepted })]]));
  assert.match(page, /accepted: the same as the result of run 0001 \(aaaaaaaaaa\), by ada: only &lt;logs&gt;/);
});

test('a page without the place is left alone', () => {
  assert.equal(hasRoomForRun('<main></main>'), false);
  assert.equal(hasRoomForRun(empty), true);
});

const drawing = {
  nodes: [
    { id: 'train', label: 'train "x"', type: 'call', perItem: false },
    { id: 'rollout', label: 'rollout', type: 'call', perItem: true },
    { id: 'each', label: 'each', type: 'each', perItem: false },
  ],
  edges: [
    ['train', 'rollout'],
    ['train', 'each'],
    ['rollout', 'each'],
  ],
} as const;

test('a graph as text lists what each node needs and marks templates', () => {
  assert.equal(
    graphText(drawing),
    [
      '  train "x"',
      '⧉ rollout    <- train "x"',
      '  each       <- train "x", rollout',
      '',
      '⧉ once for each item of a list',
    ].join('\n'),
  );
});

test('a graph as mermaid and dot escapes labels and marks templates', () => {
  assert.match(
    graphMermaid(drawing),
    /n0\["train #34;x#34;"\]\n {2}n1\[\["rollout \(per item\)"\]\]:::perItem\n {2}n2\(\["each"\]\)\n {2}n0 --> n1/,
  );
  assert.match(
    graphDot(drawing),
    /"train" \[label="train \\"x\\"", shape=box\];\n {2}"rollout" \[label="rollout \(per item\)", shape=box, style=dashed, peripheries=2\]/,
  );
});
