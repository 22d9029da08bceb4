import type { FeatureStats } from '../../formats/norm-stats.ts';
import { binnedHistogram } from '../charts/binned-histogram.ts';
import { type Html, html } from '../page/html.ts';
import { cards, figure, page, section, table } from '../page/layout.ts';
import { counted, grouped, percent, signed } from '../page/numbers.ts';
import { Bins } from './bins.ts';
import type { Picture, Survey } from './survey.ts';

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
  const lead = html`${counted(survey.episodes, 'episode')}, ${grouped(survey.steps)} steps (${timeOf(survey.steps)} at
${stepsPerSecond} Hz); ${percent(survey.successes / Math.max(1, survey.episodes))} are successes. Inside it calls itself ${name} ${version}.${
    survey.skipped > 0 && html` ${counted(survey.skipped, 'damaged record')} left out.`
  }`;
  const body = [episodes(survey), pictures(survey.pictures), instructions(survey), values(data)];
  return page({ title: `Data: ${name}`, lead, body });
}

function timeOf(steps: number): string {
  const minutes = steps / stepsPerSecond / 60;
  return minutes < 100 ? `${minutes.toFixed(1)} min` : `${grouped(Math.round(minutes / 60))} h`;
}

function episodes({ lengths, idleFractions, keptSteps, steps }: Survey): Html {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 1);
  const byLength = new Bins([0, longest], 40);
  const byIdle = new Bins([0, 1], 40);
  for (const length of lengths) byLength.add(length);
  for (const fraction of idleFractions) byIdle.add(fraction);
  const charts = [
    figure({
      title: 'Length',
      note: `Steps of an episode; the longest has ${grouped(longest)}.`,
      body: binnedHistogram({ ...shown(byLength), colour: 'demos', xName: 'steps', spoken: 'episodes by length' }),
    }),
    figure({
      title: 'Idle share',
      note: 'Share of an episode’s steps that is in no range.',
      body: binnedHistogram({ ...shown(byIdle), colour: 'both', xName: 'share', spoken: 'episodes by idle share' }),
    }),
  ];
  const share = percent(keptSteps / Math.max(1, steps));
  return section({
    title: 'Episodes',
    note: `The ranges keep ${grouped(keptSteps)} of ${grouped(steps)} steps, ${share}.`,
    body: cards(charts),
  });
}

function pictures(all: readonly Picture[]): Html | false {
  if (all.length === 0) return false;
  const figures = all.map(({ camera, caption, jpeg }) => {
    const source = `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
    const picture = html`<img src="${source}" alt="first frame of ${camera}" style="width: 100%; height: auto; display: block">`;
    return figure({ title: caption, note: camera, body: picture });
  });
  return section({ title: 'First frames', note: 'Of the first successes in the files.', body: cards(figures) });
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

function charts(all: readonly Bins[], stats: FeatureStats, unit: (isJoint: boolean) => string): Html[] {
  return all.map((bins, d) => {
    const isJoint = d < all.length - 1;
    const title = isJoint ? `Joint ${d + 1}` : 'Gripper';
    const [q01, q99] = [stats.q01?.[d] ?? 0, stats.q99?.[d] ?? 0];
    const marks = [
      { at: q01, name: signed(q01, 3) },
      { at: q99, name: signed(q99, 3) },
    ];
    const note = `mean ${signed(stats.mean[d] ?? 0, 3)}, deviation ${signed(stats.std[d] ?? 0, 3)}`;
    const spoken = `${title}: 98 % of values between ${signed(q01, 3)} and ${signed(q99, 3)}`;
    return figure({
      title,
      note,
      body: binnedHistogram({ ...shown(bins), colour: 'demos', marks, xName: unit(isJoint), spoken }),
    });
  });
}

function shown({ counts, range }: Bins): Pick<Bins, 'counts' | 'range'> {
  return { counts, range };
}
