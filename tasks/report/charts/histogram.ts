import { type Html, html } from '../page/html.ts';
import type { Colour } from '../page/layout.ts';
import { round, scale, ticks } from './scale.ts';

export interface HistogramGroup {
  readonly name: string;
  readonly colour: Colour;
  readonly values: readonly number[];
}

const [width, height] = [360, 200];
const frame = { left: 34, right: width - 12, top: 22, bottom: height - 34 };
const binCount = 32;

/** Stacked counts over a common range, with a line at the threshold. The first group stands at the bottom. */
export function histogram(
  groups: readonly HistogramGroup[],
  {
    range,
    threshold,
    xName,
    noun,
  }: { range: readonly [number, number]; threshold: number; xName: string; noun: string },
): Html {
  const [low, high] = range;
  const bins = groups.map(({ values }) => counts(values, low, high));
  const tallest = Math.max(1, ...Array.from({ length: binCount }, (_, b) => sum(bins.map((group) => group[b] ?? 0))));
  const x = scale(range, [frame.left, frame.right]);
  const y = scale([0, tallest], [frame.bottom, frame.top]);
  const barWidth = round((frame.right - frame.left) / binCount - 1.5);

  const bars = groups.map(({ colour }, g) =>
    (bins[g] ?? []).map((count, b) => {
      if (count === 0) return false;
      const below = sum(bins.slice(0, g).map((group) => group[b] ?? 0));
      const left = x(low + ((high - low) * b) / binCount) + 0.75;
      const [top, bottom] = [y(below + count), y(below)];
      return html`<rect class="f-${colour}" x="${round(left)}" y="${top}" width="${barWidth}" height="${round(bottom - top)}"/>`;
    }),
  );
  const at = x(threshold);
  const side = at > width / 2 ? -1 : 1;
  const whole = ticks(0, tallest, 4).filter(Number.isInteger);
  const spoken = groups.map(({ name, values }) => `${name}: ${values.length} ${noun}`).join(', ');
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${spoken}">
${whole.map(
  (tick) => html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${frame.left - 6}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>\n`,
)}
${bars}
<line class="axis" x1="${frame.left}" x2="${frame.right}" y1="${frame.bottom}" y2="${frame.bottom}"/>
${ticks(low, high, 5).map((tick) => html`<text x="${x(tick)}" y="${frame.bottom + 16}" text-anchor="middle">${tick}</text>\n`)}
<text x="${(frame.left + frame.right) / 2}" y="${height - 2}" text-anchor="middle">${xName}</text>
<line class="threshold" x1="${at}" x2="${at}" y1="${frame.top - 14}" y2="${frame.bottom}"/>
<text class="mark" x="${at + side * 6}" y="${frame.top - 8}" text-anchor="${side < 0 ? 'end' : 'start'}">threshold ${threshold.toFixed(3)}</text>
</svg>\n`;
}

/** Values per bin; a value on the upper end belongs to the last bin. */
function counts(values: readonly number[], low: number, high: number): number[] {
  const bins = Array.from({ length: binCount }, () => 0);
  for (const value of values) {
    const bin = Math.min(binCount - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * binCount)));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
