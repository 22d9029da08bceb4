import { lineChart } from '../charts/line-chart.ts';
import type { Outcome } from '../outcomes/outcome.ts';
import type { Html } from '../page/html.ts';
import { counted, grouped, percent } from '../page/numbers.ts';
import { cards, figure, section } from '../page/layout.ts';
import type { Interval } from '../outcomes/statistics.ts';

/** The base policy as it was rolled out at one step of its training. */
export interface CheckpointOutcome extends Outcome {
  /** Optimizer steps. */
  readonly step: number;
}

/** How success grew with training, measured on the rollouts that the classifiers learn from. */
export function checkpointsSection(checkpoints: readonly CheckpointOutcome[]): Html {
  const chart = (
    measure: (checkpoint: CheckpointOutcome) => Interval,
    formatY: (value: number) => string,
    name: string,
  ): Html =>
    lineChart({
      lines: [
        {
          colour: 'base',
          hasDots: true,
          points: checkpoints.map((checkpoint) => {
            const { value, low, high } = measure(checkpoint);
            return { x: checkpoint.step, y: value, low, high };
          }),
        },
      ],
      yRange: [0, 1],
      xName: 'optimizer steps',
      formatX: grouped,
      formatY,
      spoken: `${name}: ${checkpoints.map((checkpoint) => `${formatY(measure(checkpoint).value)} at step ${grouped(checkpoint.step)}`).join(', ')}`,
    });
  return section({
    title: 'Success by checkpoint of the base policy',
    note: `${counted(checkpoints[0]?.episodes.length ?? 0, 'rollout')} of each checkpoint, all from the same starting scenes. Lines show 95% intervals.`,
    body: cards([
      figure({ title: 'Success rate', body: chart((checkpoint) => checkpoint.success, percent, 'Success rate') }),
      figure({
        title: 'Mean max reward',
        body: chart(
          (checkpoint) => checkpoint.maxReward,
          (value) => value.toFixed(1),
          'Mean max reward',
        ),
      }),
    ]),
  });
}
