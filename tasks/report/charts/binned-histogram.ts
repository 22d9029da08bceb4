import { type Html, html } from '../page/html.ts';
import type { Colour } from '../page/layout.ts';
import { round, scale, ticks } from './scale.ts';

export interface BinnedHistogram {
  /** Values per bin; the bins share the range equally. */
  readonly counts: readonly number[];
  readonly range: readonly [number, number];
  readonly colour: Colour;
  /** Lines, for example at quantiles. */
  readonly marks?: readonly { readonly at: number; readonly name: string }[];
  readonly xName: string;
  /** For those who do not see the picture. */
  readonly spoken: string;
}

const [width, height] = [360, 180];
const frame = { left: 8, right: width - 8, top: 22, bottom: height - 34 };

/** Bars without an axis of counts, for the shape of data of which there is much. */
export function binnedHistogram({ counts, range, colour, marks = [], xName, spoken }: BinnedHistogram): Html {
  const x = scale(range, [frame.left, frame.right]);
  const y = scale([0, Math.max(1, ...counts)], [frame.bottom, frame.top]);
  const barWidth = round((frame.right - frame.left) / counts.length - 0.8);
  const [low, high] = range;
  const bars = counts.map((count, bin) => {
    if (count === 0) return false;
    const [left, top] = [x(low + ((high - low) * bin) / counts.length), y(count)];
    // Rare values must not vanish.
    const tall = Math.max(1, frame.bottom - top);
    return html`<rect class="f-${colour}" x="${round(left + 0.4)}" y="${round(frame.bottom - tall)}" width="${barWidth}" height="${round(tall)}"/>`;
  });
  const lines = marks.map(({ at, name }, k) => {
    const anchor = k === 0 ? 'start' : 'end';
    return html`<line class="threshold" x1="${x(at)}" x2="${x(at)}" y1="${frame.top - 6}" y2="${frame.bottom}"/>
<text class="mark" x="${x(at)}" y="${frame.top - 10}" text-anchor="${anchor}">${name}</text>\n`;
  });
  const numbers = ticks(low, high, 5).map(
    (tick) => html`<text x="${x(tick)}" y="${frame.bottom + 16}" text-anchor="middle">${tick}</text>\n`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${spoken}">
${bars}
<line class="axis" x1="${frame.left}" x2="${frame.right}" y1="${frame.bottom}" y2="${frame.bottom}"/>
${lines}${numbers}<text x="${(frame.left + frame.right) / 2}" y="${height - 2}" text-anchor="middle">${xName}</text>
</svg>\n`;
}
