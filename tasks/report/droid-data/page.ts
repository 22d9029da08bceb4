import type { FeatureStats } from '../../formats/norm-stats.ts';
import { binnedHistogram } from '../charts/binned-histogram.ts';
import { type Html, html } from '../page/html.ts';
import { cards, figure, page, section, table } from '../page/layout.ts';
import { counted, grouped, percent } from '../page/numbers.ts';
import { Bins } from '../data-page/bins.ts';
import { dimensionFigure } from '../data-page/dimension-figure.ts';
import { lengthFigure, timeOf } from '../data-page/episodes.ts';
import { picturesSection } from '../data-page/pictures.ts';
import type { Survey } from './survey.ts';

export interface DataPage {
  readonly name: string;
  readonly version: string;
  readonly actionSpace: 'joint-position' | 'joint-velocity';
  readonly actionHorizon: number;
  readonly survey: Survey;
  readonly stats: Readonly<Record<'state' | 'actions', FeatureStats>>;
}

/** Control steps of DROID in a second. */
const stepsPerSecond = 15;

/** One page on what a policy would be trained on. */
export function dataPage(data: DataPage): string {
  const { name, version, survey } = data;
  const lead = html`${counted(survey.episodes, 'episode')}, ${grouped(survey.steps)} steps (${timeOf(survey.steps, stepsPerSecond)} at
${stepsPerSecond} Hz); ${percent(survey.successes / Math.max(1, survey.episodes))} are successes. Inside it calls itself ${name} ${version}.${
    survey.skipped > 0 && html` ${counted(survey.skipped, 'damaged record')} left out.`
  }`;
  const body = [
    episodes(survey),
    picturesSection(survey.pictures, 'Of the first successes in the files.'),
    instructions(survey),
    values(data),
  ];
  return page({ title: `Data: ${name}`, lead, body });
}

function episodes({ lengths, idleFractions, keptSteps, steps }: Survey): Html {
  const byIdle = new Bins([0, 1], 40);
  for (const fraction of idleFractions) byIdle.add(fraction);
  const { counts, range } = byIdle;
  const idle = figure({
    title: 'Idle share',
    note: 'Share of an episode’s steps that is in no range.',
    body: binnedHistogram({ counts, range, colour: 'both', xName: 'share', spoken: 'episodes by idle share' }),
  });
  const share = percent(keptSteps / Math.max(1, steps));
  return section({
    title: 'Episodes',
    note: `The ranges keep ${grouped(keptSteps)} of ${grouped(steps)} steps, ${share}.`,
    body: cards([lengthFigure(lengths, 'steps'), idle]),
  });
}

function instructions({ episodes, withInstructions, distinctInstructions, frequentInstructions }: Survey): Html {
  const none = withInstructions[0] ?? 0;
  const rows = frequentInstructions.map(({ text, episodes: n }) => ({ cells: [text, grouped(n)] }));
  const counts = withInstructions.map((n, k) => `${k}: ${grouped(n)}`).join(', ');
  return section({
    title: 'Instructions',
    note: html`${percent(1 - none / Math.max(1, episodes))} of episodes have one at least (episodes by number of instructions: ${counts});
${grouped(distinctInstructions)} different first ones. Episodes without any are trained on with an empty prompt.`,
    body: rows.length > 0 && table([{ name: 'First instruction' }, { name: 'Episodes', isNumber: true }], rows),
  });
}

function values({ actionSpace, actionHorizon, survey, stats }: DataPage): Html {
  const delta = actionSpace === 'joint-position';
  const action = delta ? 'commanded minus observed joint position, rad' : 'commanded joint velocity, rad/s';
  const chunks = `${counted(survey.frames, 'frame')}, each with a chunk of ${actionHorizon} actions`;
  return html`${section({
    title: 'States',
    note: `Observed, of ${counted(survey.frames, 'frame')}. Lines are q01 and q99 of the statistics; what is outside of the chart counts at its ends.`,
    body: cards(charts(survey.states, stats.state, (joint) => (joint ? 'rad' : '0 open, 1 closed'))),
  })}${section({
    title: 'Actions',
    note: `Of ${chunks}: ${action}; the gripper’s commanded position is absolute.`,
    body: cards(
      charts(survey.actions, stats.actions, (joint) => (!joint ? '0 open, 1 closed' : delta ? 'rad' : 'rad/s')),
    ),
  })}`;
}

function charts(dimensions: readonly Bins[], stats: FeatureStats, unit: (isJoint: boolean) => string): Html[] {
  return dimensions.map((bins, d) => {
    const isJoint = d < dimensions.length - 1;
    const of = (values: readonly number[] = []): number => values[d] ?? 0;
    return dimensionFigure(isJoint ? `Joint ${d + 1}` : 'Gripper', bins, {
      unit: unit(isJoint),
      stats: { mean: of(stats.mean), std: of(stats.std), q01: of(stats.q01), q99: of(stats.q99) },
    });
  });
}
