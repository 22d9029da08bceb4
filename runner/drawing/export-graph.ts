import { directedOf } from '../../pipelines/core/directed.ts';
import type { Graph } from '../../pipelines/core/graph.ts';
import { drawingOf } from './draw.ts';
import type { Drawing, DrawnNode } from './drawing.ts';

export const graphFormats = ['text', 'mermaid', 'dot', 'svg', 'json'] as const;
export type GraphFormat = (typeof graphFormats)[number];

/** A graph as text in one of the formats. JSON is graphology's own export: `Graph.from(JSON.parse(text))` reads it. */
export async function exportGraph(graph: Graph, format: GraphFormat): Promise<string> {
  const drawing = drawingOf(graph);
  switch (format) {
    case 'text':
      return graphText(drawing);
    case 'mermaid':
      return graphMermaid(drawing);
    case 'dot':
      return graphDot(drawing);
    case 'svg': {
      const { graphSvg } = await import('./graph-svg.ts');
      return graphSvg(drawing);
    }
    case 'json':
      return JSON.stringify(withTemplates(graph), null, 2);
    default:
      return unknownFormat(format);
  }
}

function withTemplates(graph: Graph): unknown {
  const exported = directedOf(graph).export();
  return {
    ...exported,
    nodes: exported.nodes.map((node: { key: string; attributes?: object }) => ({
      ...node,
      attributes: { ...node.attributes, perItem: (graph.byAddress.get(node.key)?.scope.length ?? 0) > 0 },
    })),
  };
}

/** One node a line, dependencies first, with what it needs. */
export function graphText({ nodes, edges }: Drawing): string {
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  const needs = needsOf(edges);
  const hasTemplates = nodes.some(({ perItem }) => perItem);
  const margin = hasTemplates ? '  ' : '';
  const lefts = nodes.map(({ perItem, label }) => `${perItem ? '⧉ ' : margin}${label}`);
  const width = Math.min(48, Math.max(0, ...lefts.map((left) => left.length)));
  const rows = nodes.map(({ id }, i) => {
    const from = (needs.get(id) ?? []).map((need) => labels.get(need) ?? need);
    return from.length > 0 ? `${(lefts[i] as string).padEnd(width)}  <- ${from.join(', ')}` : (lefts[i] as string);
  });
  const legend = hasTemplates ? ['', '⧉ once for each item of a list'] : [];
  return [...rows, ...legend].join('\n');
}

export function graphMermaid({ nodes, edges }: Drawing): string {
  const ids = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const shapes = nodes.map((node) => `  ${ids.get(node.id)}${mermaidShape(node)}${node.perItem ? ':::perItem' : ''}`);
  const arrows = edges.map(([from, to]) => `  ${ids.get(from)} --> ${ids.get(to)}`);
  const classes = nodes.some(({ perItem }) => perItem) ? ['  classDef perItem stroke-dasharray: 5 3'] : [];
  return ['flowchart LR', ...shapes, ...arrows, ...classes].join('\n');
}

function mermaidShape({ label, type, perItem }: DrawnNode): string {
  const text = `"${label.replace(/[#"<>&]/g, (character) => `#${character.codePointAt(0)};`)}${perItem ? ' (per item)' : ''}"`;
  if (type === 'each' || type === 'filter') return `([${text}])`;
  return perItem ? `[[${text}]]` : `[${text}]`;
}

export function graphDot({ nodes, edges }: Drawing): string {
  const name = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
  const shapes = nodes.map(({ id, label, type, perItem }) => {
    const shape = type === 'each' || type === 'filter' ? 'ellipse' : 'box';
    const style = perItem ? ', style=dashed, peripheries=2' : '';
    return `  ${name(id)} [label=${name(perItem ? `${label} (per item)` : label)}, shape=${shape}${style}];`;
  });
  const arrows = edges.map(([from, to]) => `  ${name(from)} -> ${name(to)};`);
  return ['digraph pipeline {', '  rankdir=LR;', '  node [fontname="sans-serif"];', ...shapes, ...arrows, '}'].join(
    '\n',
  );
}

function needsOf(edges: Drawing['edges']): Map<string, string[]> {
  const needs = new Map<string, string[]>();
  for (const [from, to] of edges) {
    const known = needs.get(to);
    if (known) known.push(from);
    else needs.set(to, [from]);
  }
  return needs;
}

function unknownFormat(format: never): string {
  return String(format);
}
