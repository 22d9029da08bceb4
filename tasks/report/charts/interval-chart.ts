import { type Html, html } from '../page/html.ts';
import type { Colour } from '../page/layout.ts';
import type { Interval } from '../outcomes/statistics.ts';
import { scale, ticks } from './scale.ts';

export interface IntervalRow {
  readonly name: string;
  readonly colour: Colour;
  readonly interval: Interval;
}

const width = 360;
const rowHeight = 46;

/** One row per name: a dot at the value, a line over its interval, the number beside it. The axis is [0, 1]. */
export function intervalChart(
  rows: readonly IntervalRow[],
  { format, formatTick }: { format: (value: number) => string; formatTick: (value: number) => string },
): Html {
  const x = scale([0, 1], [4, width - 12]);
  const height = rows.length * rowHeight + 22;
  const marks = rows.map(({ name, colour, interval: { value, low, high } }, k) => {
    const y = k * rowHeight + 34;
    return html`<text class="name" x="4" y="${y - 16}">${name}</text>
<text class="strong" x="${width - 12}" y="${y - 16}" text-anchor="end">${format(value)}</text>
<line class="whisker s-${colour}" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/>
<circle class="f-${colour}" cx="${x(value)}" cy="${y}" r="5"/>
`;
  });
  const grid = ticks(0, 1, 5).map(
    (tick) => html`<line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="4" y2="${height - 16}"/>
<text x="${x(tick)}" y="${height - 2}" text-anchor="${tick === 0 ? 'start' : tick === 1 ? 'end' : 'middle'}">${formatTick(tick)}</text>
`,
  );
  const spoken = rows.map(({ name, interval }) => `${name} ${format(interval.value)}`).join(', ');
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${spoken}">${grid}${marks}</svg>\n`;
}
