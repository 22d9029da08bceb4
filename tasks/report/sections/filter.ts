import type { EpisodeScores } from '../../kinds/episode-scores.ts';
import { histogram } from '../charts/histogram.ts';
import { type Html, html } from '../page/html.ts';
import { counted } from '../page/numbers.ts';
import { cards, figure, key, section, table } from '../page/layout.ts';

type Source = EpisodeScores['sources'][number];

/** What the filter kept and dropped, and how the scores lie around the threshold. */
export function filterSection({ sources, threshold }: EpisodeScores): Html {
  const range = scoreRange(sources, threshold);
  const demos = sources.filter(({ role }) => role === 'demonstrations').flatMap(({ episodes }) => episodes);
  const rollouts = sources.filter(({ role }) => role === 'rollouts').flatMap(({ episodes }) => episodes);
  const columns = [
    { name: 'Dataset' },
    { name: 'Episodes', isNumber: true },
    { name: 'Successes', isNumber: true },
    { name: 'Kept', isNumber: true },
    { name: 'Dropped', isNumber: true },
    { name: 'Mean score', isNumber: true },
  ];
  return section({
    title: 'What the filter kept',
    note: 'An episode is kept when it succeeded and its score, the mean predicted probability of success over its steps, is above the threshold. Demonstrations all count as successes.',
    body: [
      rollouts.every(({ kept }) => !kept) &&
        html`<p><strong>No rollout was kept</strong>, so both retrained policies learned from the same episodes.</p>`,
      cards([
        scoreFigure('Demonstrations', demos, range, threshold, [
          { name: 'kept', colour: 'demos', holds: ({ kept }) => kept },
          { name: 'dropped', colour: 'dropped', holds: ({ kept }) => !kept },
        ]),
        scoreFigure('Rollouts', rollouts, range, threshold, [
          { name: 'kept', colour: 'both', holds: ({ kept }) => kept },
          { name: 'success, dropped', colour: 'base', holds: ({ kept, success }) => !kept && success },
          { name: 'failure', colour: 'dropped', holds: ({ success }) => !success },
        ]),
      ]),
      table(columns, sources.map(sizes)),
    ],
  });
}

type Scored = Source['episodes'][number];
interface Group {
  readonly name: string;
  readonly colour: 'demos' | 'both' | 'base' | 'dropped';
  readonly holds: (episode: Scored) => boolean;
}

function scoreFigure(
  title: string,
  episodes: readonly Scored[],
  range: readonly [number, number],
  threshold: number,
  groups: readonly Group[],
): Html {
  const filled = groups.map((group) => ({ ...group, values: episodes.filter(group.holds).map(({ score }) => score) }));
  const names = filled.map(({ name, colour, values }) => ({ name: `${values.length} ${name}`, colour }));
  const chart = histogram(filled, { range, threshold, xName: 'episode score', noun: title.toLowerCase() });
  return figure({ title: `${title}: ${counted(episodes.length, 'episode')}`, note: key(names), body: chart });
}

function sizes({ name, episodes }: Source) {
  const kept = episodes.filter((episode) => episode.kept).length;
  const successes = episodes.filter((episode) => episode.success).length;
  const mean = episodes.reduce((sum, { score }) => sum + score, 0) / episodes.length;
  return { cells: [html`${name}`, episodes.length, successes, kept, episodes.length - kept, mean.toFixed(3)] };
}

/** One axis for all histograms, so that they can be read against each other. */
function scoreRange(sources: readonly Source[], threshold: number): [number, number] {
  const scores = [threshold, ...sources.flatMap(({ episodes }) => episodes.map(({ score }) => score))];
  const [low, high] = [Math.min(...scores), Math.max(...scores)];
  const air = Math.max(high - low, 1e-3) * 0.04;
  return [Math.max(0, low - air), Math.min(1, high + air)];
}
