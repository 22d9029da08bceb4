import type { Outcome } from '../outcomes/outcome.ts';
import { type Html, html } from '../page/html.ts';
import { counted, difference, percent, signed } from '../page/numbers.ts';
import { type Interval, pairedDifference } from '../outcomes/statistics.ts';

/** A bootstrap of fewer values gives intervals that are too narrow. */
const fewestEpisodes = 20;

/** A retrained policy against the base policy, on the scenes that both faced. */
export interface Comparison {
  readonly name: string;
  readonly maxReward: Interval;
  readonly success: Interval;
  readonly verdict: 'better' | 'worse' | 'unclear';
}

/**
 * Pairs episodes by seed: two policies in the same scene differ less by chance than two policies in different scenes.
 * The verdict is on the mean max reward, which moves before the success rate does.
 */
export function compare(base: Outcome, retrained: Outcome): Comparison {
  const bySeed = new Map(base.episodes.map((episode) => [episode.seed, episode]));
  const pairs = retrained.episodes.flatMap((after) => {
    const before = bySeed.get(after.seed);
    return before ? [{ before, after }] : [];
  });
  const of = (measure: (episode: Outcome['episodes'][number]) => number): Interval =>
    pairedDifference(
      pairs.map(({ before }) => measure(before)),
      pairs.map(({ after }) => measure(after)),
    );
  const maxReward = of((episode) => episode.maxReward);
  const success = of((episode) => Number(episode.success));
  return { name: retrained.name, maxReward, success, verdict: verdictOn(maxReward, pairs.length) };
}

function verdictOn({ low, high }: Interval, pairCount: number): Comparison['verdict'] {
  if (pairCount < fewestEpisodes) return 'unclear';
  return low > 0 ? 'better' : high < 0 ? 'worse' : 'unclear';
}

/** The answer, in words, before any chart. */
export function verdictSection(base: Outcome, retrained: readonly Outcome[]): Html {
  const comparisons = retrained.map((outcome) => compare(base, outcome));
  return html`<div class="verdict">
<p class="headline">${headline(comparisons, base.episodes.length)}</p>
<p>${baseSentence(base)} Against it, in the same scenes, with 95% intervals:</p>
<ul>${comparisons.map((comparison) => html`<li>${differenceSentence(comparison)}</li>`)}</ul>
</div>
`;
}

export function headline(comparisons: readonly Comparison[], episodeCount: number): string {
  const named = (verdict: Comparison['verdict']): string =>
    comparisons
      .filter((comparison) => comparison.verdict === verdict)
      .map(({ name }) => `“${name}”`)
      .join(' and ');
  const [better, worse] = [named('better'), named('worse')];
  if (better && worse)
    return `Demo-SCORE cut both ways: ${better} reached a higher mean max reward than the base policy, ${worse} a lower one.`;
  if (better) return `Demo-SCORE helped: ${better} reached a higher mean max reward than the base policy.`;
  if (worse) return `Demo-SCORE did not help: ${worse} reached a lower mean max reward than the base policy.`;
  if (episodeCount < fewestEpisodes)
    return `${counted(episodeCount, 'episode')} are too few to say whether Demo-SCORE helped.`;
  return `Demo-SCORE did not clearly help: on ${counted(episodeCount, 'episode')}, no retrained policy differs from the base policy by more than chance explains.`;
}

function baseSentence({ name, maxReward, success }: Outcome): string {
  return `${name} reached a mean max reward of ${signed(maxReward.value, 3)} and succeeded in ${percent(success.value)} of its episodes.`;
}

function differenceSentence({ name, maxReward, success }: Comparison): string {
  const points = (value: number): string => difference(value * 100, 0);
  return (
    `${name}: mean max reward ${difference(maxReward.value, 3)} (${difference(maxReward.low, 3)} to ${difference(maxReward.high, 3)}), ` +
    `success rate ${points(success.value)} points (${points(success.low)} to ${points(success.high)}).`
  );
}
