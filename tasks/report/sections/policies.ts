import { intervalChart } from '../charts/interval-chart.ts';
import type { Outcome } from '../outcomes/outcome.ts';
import type { Html } from '../page/html.ts';
import { counted, percent, percentRange, range, signed } from '../page/numbers.ts';
import { cards, figure, section, table } from '../page/layout.ts';

/** Base and retrained policies side by side, on the same unseen scenes. */
export function policiesSection(outcomes: readonly Outcome[]): Html {
  const rows = outcomes.map(({ name, episodes, success, maxReward }) => ({
    cells: [
      name,
      `${episodes.filter((episode) => episode.success).length} of ${episodes.length}`,
      `${percent(success.value)} (${percentRange(success)})`,
      `${signed(maxReward.value, 3)} (${range(maxReward, 3)})`,
    ],
  }));
  const columns = [
    { name: 'Policy' },
    { name: 'Successes', isNumber: true },
    { name: 'Success rate (95% interval)', isNumber: true },
    { name: 'Mean max reward (95% interval)', isNumber: true },
  ];
  return section({
    title: 'The three policies',
    note:
      `${counted(outcomes[0]?.episodes.length ?? 0, 'episode')} each, from the same starting scenes, which no other step of the experiment has seen. ` +
      'Intervals are 95%: Wilson score for rates, bootstrap (10,000 resamples, fixed seed) for means.',
    body: [
      cards([
        figure({
          title: 'Success rate',
          note: 'Share of episodes that cover more than 95% of the goal',
          body: intervalChart(
            outcomes.map((outcome) => ({ ...outcome, interval: outcome.success })),
            { format: percent, formatTick: percent },
          ),
        }),
        figure({
          title: 'Mean max reward',
          note: 'Best coverage of an episode, 1 at success',
          body: intervalChart(
            outcomes.map((outcome) => ({ ...outcome, interval: outcome.maxReward })),
            { format: (value) => value.toFixed(2), formatTick: String },
          ),
        }),
      ]),
      table(columns, rows),
    ],
  });
}
