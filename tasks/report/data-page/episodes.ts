import { binnedHistogram } from '../charts/binned-histogram.ts';
import type { Html } from '../page/html.ts';
import { figure } from '../page/layout.ts';
import { grouped } from '../page/numbers.ts';
import { Bins } from './bins.ts';

const binCount = 40;

/** How long episodes are, in `unit`s such as steps. */
export function lengthFigure(lengths: readonly number[], unit: string): Html {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const bins = new Bins([0, longest], binCount);
  for (const length of lengths) bins.add(length);
  const { counts, range } = bins;
  return figure({
    title: 'Length',
    note: `${unit[0]?.toUpperCase()}${unit.slice(1)} of an episode; the longest has ${grouped(longest)}.`,
    body: binnedHistogram({ counts, range, colour: 'demos', xName: unit, spoken: 'episodes by length' }),
  });
}

/** How `count` pieces of data last at a rate. */
export function timeOf(count: number, perSecond: number): string {
  const minutes = count / perSecond / 60;
  return minutes < 100 ? `${minutes.toFixed(1)} min` : `${grouped(Math.round(minutes / 60))} h`;
}
