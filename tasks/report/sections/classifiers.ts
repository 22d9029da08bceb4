import type { ClassifierFile } from '../../models/success-classifier/file.ts';
import { airy, lineChart } from '../charts/line-chart.ts';
import { type Html, html } from '../page/html.ts';
import { counted, grouped, signed } from '../page/numbers.ts';
import { cards, figure, key, section, table } from '../page/layout.ts';

/** One run of the sweep. */
export interface ClassifierRun {
  /** The checkpoint whose rollouts it learned from, in optimizer steps. */
  readonly step: number;
  readonly file: ClassifierFile;
  readonly isPicked: boolean;
}

/** The sweep: what each run learned, which epoch was selected, which run was picked. */
export function classifiersSection(runs: readonly ClassifierRun[]): Html {
  const columns = [
    { name: 'Run' },
    { name: 'Trained on', isNumber: true },
    { name: 'Successes', isNumber: true },
    { name: 'Selected epoch', isNumber: true },
    { name: 'Validation loss', isNumber: true },
    { name: 'Threshold', isNumber: true },
  ];
  const rows = runs.map((run) => ({
    picked: run.isPicked,
    cells: [
      html`${nameOf(run)}${run.isPicked && ' · picked'}`,
      counted(run.file.trainedOn.episodes, 'rollout'),
      run.file.trainedOn.successes,
      `${grouped(run.file.epoch)} of ${grouped(run.file.curves.validation.stepwiseBce.length)}`,
      signed(run.file.validationLoss, 4),
      signed(run.file.threshold, 4),
    ],
  }));
  // One range for all charts, so that they can be read against each other.
  const lossRange = airy(
    runs.flatMap(
      ({
        file: {
          curves: { train, validation },
        },
      }) => [...train.stepwiseBce, ...validation.stepwiseBce],
    ),
  );
  return section({
    title: 'Success classifiers',
    note:
      'Each learns from the rollouts of one checkpoint and is validated on the rollouts of another, in the same starting scenes. The epoch with the smallest validation loss counts, and of all runs that saw both successes and failures the one with the smallest. ' +
      'The threshold is the mean score of the training rollouts at that epoch.',
    body: [warning(runs), cards(runs.map((run) => curves(run, lossRange))), table(columns, rows)],
  });
}

function curves(run: ClassifierRun, yRange: readonly [number, number]): Html {
  const { train, validation } = run.file.curves;
  const points = (losses: readonly number[]) => losses.map((loss, k) => ({ x: k + 1, y: loss }));
  const chart = lineChart({
    lines: [
      { colour: 'base', points: points(train.stepwiseBce) },
      { colour: 'demos', points: points(validation.stepwiseBce) },
    ],
    yRange,
    xName: 'epoch',
    formatX: grouped,
    formatY: (value) => value.toFixed(2),
    mark: { x: run.file.epoch, y: run.file.validationLoss, text: `epoch ${grouped(run.file.epoch)}` },
    spoken: `Losses of ${nameOf(run)}: smallest validation loss ${signed(run.file.validationLoss, 4)} at epoch ${run.file.epoch}`,
  });
  return figure({
    title: html`${nameOf(run)}${run.isPicked && ' · picked'}`,
    note: key([
      { name: 'training', colour: 'base' },
      { name: 'validation', colour: 'demos' },
    ]),
    body: chart,
    picked: run.isPicked,
  });
}

function nameOf({ step, file }: ClassifierRun): string {
  return `step ${grouped(step)}, hidden ${file.hiddenSizes.join('–')}`;
}

/** A classifier that saw one outcome only cannot tell the two apart, whatever its loss says. */
function warning(runs: readonly ClassifierRun[]): Html | false {
  const oneSided = runs.filter(({ file: { trainedOn } }) => [0, trainedOn.episodes].includes(trainedOn.successes));
  if (oneSided.length === 0) return false;
  const which = oneSided.length === runs.length ? 'All runs' : `${oneSided.length} of ${runs.length} runs`;
  return html`<p><strong>${which} saw only one outcome</strong> (no success, or no failure) among their training rollouts. Scores of such a classifier do not separate good episodes from bad ones; it is picked only where there is no other.</p>`;
}
