import type { FeatureStats } from '../../formats/norm-stats.ts';
import { type DimensionStats, dimensionFigure } from '../data-page/dimension-figure.ts';
import { lengthFigure, timeOf } from '../data-page/episodes.ts';
import { picturesSection } from '../data-page/pictures.ts';
import { type Html, html } from '../page/html.ts';
import { cards, page, section, table } from '../page/layout.ts';
import { counted, grouped, percent } from '../page/numbers.ts';
import type { Survey, SurveyedFeature } from './survey.ts';

export interface LerobotPage {
  /** `v2.1` or `v3.0`. */
  readonly version: string;
  readonly fps: number;
  readonly survey: Survey;
  /** By feature; those without have no lines. */
  readonly stats: Readonly<Record<string, FeatureStats>>;
}

/** One page on what a LeRobot dataset holds. */
export function lerobotPage({ version, fps, survey, stats }: LerobotPage): string {
  const { lengths, frames } = survey;
  const lead = `${counted(lengths.length, 'episode')}, ${grouped(frames)} frames (${timeOf(frames, fps)} at ${fps} frames per second). LeRobot ${version}.`;
  const episodes = section({ title: 'Episodes', body: cards([lengthFigure(lengths, 'frames')]) });
  const body = [
    episodes,
    picturesSection(survey.pictures, 'Of the first episode and of one in the middle.'),
    tasks(survey),
    survey.features.map((feature) => featureSection(feature, stats[feature.name])),
  ];
  return page({ title: 'Data: LeRobot dataset', lead, body });
}

function tasks({ lengths, withoutTask, distinctTasks, frequentTasks }: Survey): Html {
  const share = percent(1 - withoutTask / Math.max(1, lengths.length));
  const rows = frequentTasks.map(({ text, episodes }) => ({ cells: [text, grouped(episodes)] }));
  const more = distinctTasks - frequentTasks.length;
  return section({
    title: 'Tasks',
    note: html`${share} of episodes say a task; ${counted(distinctTasks, 'different task')}${more > 0 && html`, of which the ${frequentTasks.length} most frequent are listed`}.`,
    body: rows.length > 0 && table([{ name: 'Task' }, { name: 'Episodes', isNumber: true }], rows),
  });
}

function featureSection(
  { name, dtype, width, dimensions, notFinite }: SurveyedFeature,
  stats: FeatureStats | undefined,
): Html {
  const shown = dimensions.length < width ? `, the first ${dimensions.length} of ${grouped(width)} dimensions` : '';
  const lines = stats?.q01 && stats.q99 ? ' Lines are q01 and q99 of the statistics.' : '';
  const missing = notFinite > 0 ? ` ${counted(notFinite, 'value')} ${notFinite === 1 ? 'is' : 'are'} not finite.` : '';
  return section({
    title: name,
    note: `${dtype}${shown}.${lines}${missing}`,
    body: cards(
      dimensions.map((dimension, d) =>
        dimensionFigure(dimension.name, dimension.bins, { unit: '', stats: dimensionStats(stats, d) }),
      ),
    ),
  });
}

function dimensionStats(stats: FeatureStats | undefined, d: number): DimensionStats | undefined {
  const [mean, std] = [stats?.mean[d], stats?.std[d]];
  if (mean === undefined || std === undefined) return undefined;
  return { mean, std, q01: stats?.q01?.[d], q99: stats?.q99?.[d] };
}
