import { html, Html } from '../../tasks/report/page/html.ts';
import type { Drawing } from './drawing.ts';
import { layOut, longestLabel, type Placed, type PlacedNode } from './graph-layout.ts';

/** Two themes by the reader's setting; a page's own style may not know these classes. */
const style = `
.stet-graph { --g-ink: #1c1e21; --g-card: #ffffff; --g-line: #9aa0a8; --g-good: #0a857a; --g-bad: #b4451f; font: 12px system-ui, sans-serif }
@media (prefers-color-scheme: dark) { .stet-graph { --g-ink: #e8e9eb; --g-card: #1a1c1f; --g-line: #6b7280; --g-good: #3fbfb0; --g-bad: #ef8f6b; } }
.stet-graph rect { fill: var(--g-card); stroke: var(--g-line); }
.stet-graph .per-item rect { stroke-dasharray: 5 3; }
.stet-graph .done rect { stroke: var(--g-good); stroke-width: 1.75; }
.stet-graph .cached rect { stroke: var(--g-good); opacity: 0.75; }
.stet-graph .failed rect { stroke: var(--g-bad); stroke-width: 1.75; }
.stet-graph .skipped { opacity: 0.5; }
.stet-graph text { fill: var(--g-ink); font: 12px system-ui, sans-serif; }
.stet-graph path { fill: none; stroke: var(--g-line); stroke-width: 1.25; }
.stet-graph path.head { fill: var(--g-line); stroke: none; }
`;

/** A picture up to this width shrinks into its page and stays readable; a wider one is scrolled. In pixels. */
const shrunkAtMost = 1400;

/** A graph as one SVG element that needs nothing beside it. Templates of `each` have dashed frames and a second one behind. */
export function graphSvg(drawing: Drawing): string {
  const placed = layOut(drawing);
  const { width, height } = placed;
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="stet-graph" role="img" aria-label="Graph of ${drawing.nodes.length} nodes" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" style="width:${width}px;height:auto${width <= shrunkAtMost && ';max-width:100%'}">
<style>${new Html(style)}</style>
${edges(placed)}
${placed.nodes.map(node)}
</svg>`.text;
}

function edges({ edges }: Placed): Html[] {
  return edges.map((points) => {
    const [first, ...rest] = points;
    const last = rest.at(-1) ?? first;
    if (!first || !last) return new Html('');
    const line = `M${at(first)} ${rest.map((point) => `L${at(point)}`).join(' ')}`;
    const head = `M${round(last.x)} ${round(last.y)} l-3.5 -6 h7 z`;
    return html`<path d="${line}"/><path class="head" d="${head}"/>\n`;
  });
}

function node({ label, type, perItem, phase, x, y, width, height }: PlacedNode): Html {
  const [left, top] = [round(x - width / 2), round(y - height / 2)];
  const corner = type === 'each' || type === 'filter' ? height / 2 : 5;
  const shown = label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label;
  const classes = [type, ...(perItem ? ['per-item'] : []), ...(phase ? [phase] : [])].join(' ');
  const told = [label, ...(perItem ? ['for each item'] : []), ...(phase ? [phase] : [])].join(', ');
  return html`<g class="${classes}"><title>${told}</title>${
    perItem && html`<rect x="${left + 4}" y="${top + 4}" width="${width}" height="${height}" rx="${corner}"/>`
  }<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="${corner}"/><text x="${round(x)}" y="${round(y + 4)}" text-anchor="middle">${shown}</text></g>\n`;
}

function at({ x, y }: { x: number; y: number }): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
