import { type Content, type Html, html } from '../page/html.ts';
import type { Colour } from '../page/layout.ts';
import { round, scale, ticks } from './scale.ts';

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of the value's interval, where there is one. */
  readonly low?: number;
  readonly high?: number;
}

export interface Line {
  readonly colour: Colour;
  readonly points: readonly ChartPoint[];
  /** Dots on the points, for lines of few points. */
  readonly hasDots?: boolean;
}

export interface LineChart {
  readonly lines: readonly Line[];
  /** Range of the vertical axis; by default that of the points, with some air. */
  readonly yRange?: readonly [number, number];
  readonly xName: string;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  /** A point to point out. */
  readonly mark?: ChartPoint & { readonly text: string };
  readonly spoken: string;
}

const [width, height] = [360, 190];
const frame = { left: 40, right: width - 12, top: 10, bottom: height - 34 };

/** Lines over a common horizontal axis, with intervals and one marked point. */
export function lineChart({ lines, yRange, xName, formatX, formatY, mark, spoken }: LineChart): Html {
  const points = lines.flatMap((line) => line.points);
  const xs = points.map((point) => point.x);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const pad = lines.some((line) => line.hasDots) ? 10 : 0;
  const x = scale([left, right], left === right ? [190, 190] : [frame.left + pad, frame.right - pad]);
  const [low, high] = yRange ?? airy(points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]));
  const y = scale([low, high], [frame.bottom, frame.top]);

  const drawn = lines.map(({ colour, points: own, hasDots }) => {
    const whiskers = own.map(
      ({ x: at, low: from, high: to }) =>
        from !== undefined &&
        to !== undefined &&
        html`<line class="whisker s-${colour}" x1="${x(at)}" x2="${x(at)}" y1="${y(from)}" y2="${y(to)}"/>`,
    );
    const path = thinned(own).map((point, k) => `${k === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`);
    const dots =
      hasDots && own.map((point) => html`<circle class="f-${colour}" cx="${x(point.x)}" cy="${y(point.y)}" r="4"/>`);
    return html`${whiskers}<path class="curve s-${colour}" d="${path.join('')}"/>${dots}\n`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${spoken}">
${ticks(low, high, 4).map(
  (tick) => html`<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${y(tick)}" y2="${y(tick)}"/>
<text x="${frame.left - 6}" y="${y(tick) + 4}" text-anchor="end">${formatY(tick)}</text>\n`,
)}
${xTicks(xs, left, right).map((tick) => html`<text x="${x(tick)}" y="${frame.bottom + 16}" text-anchor="middle">${formatX(tick)}</text>\n`)}
<text x="${(frame.left + frame.right) / 2}" y="${height - 2}" text-anchor="middle">${xName}</text>
${drawn}${mark && marked(mark, x(mark.x), y(mark.y))}</svg>\n`;
}

function marked({ text }: { text: string }, x: number, y: number): Content {
  const side = x > width / 2 ? -1 : 1;
  const anchor = side < 0 ? 'end' : 'start';
  return html`<line class="threshold" x1="${x}" x2="${x}" y1="${frame.top}" y2="${frame.bottom}"/><circle class="ring" cx="${x}" cy="${y}" r="4"/><text class="mark" x="${x + side * 7}" y="${frame.top + 8}" text-anchor="${anchor}">${text}</text>`;
}

/** Few points name themselves; many get round numbers. */
function xTicks(xs: readonly number[], left: number, right: number): number[] {
  const distinct = [...new Set(xs)].sort((a, b) => a - b);
  return distinct.length <= 6 ? distinct : ticks(left, right, 4);
}

/** The range of some values with a little air around it. */
export function airy(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const air = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - air, high + air];
}

/** At most about two points per pixel: a curve of 3000 epochs looks the same with a tenth of them. */
function thinned(points: readonly ChartPoint[]): readonly ChartPoint[] {
  const every = Math.ceil(points.length / (round(frame.right - frame.left) * 2));
  return every <= 1 ? points : points.filter((_, k) => k % every === 0 || k === points.length - 1);
}
