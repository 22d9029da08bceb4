import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '../../../tasks/report/outcomes/outcome.ts';
import { experimentPage } from '../../../tasks/report/experiment-page.ts';
import { episodesOf, smallExperiment } from './experiment.ts';

test('the page holds the numbers that were given', () => {
  const page = experimentPage(smallExperiment());
  for (const text of [
    '0.400',
    '25%',
    '2 of 4',
    '0.725',
    'threshold 0.432',
    'pusht/rollouts/000500',
    '2 of 3',
    'classifier.hiddenSizes',
    '[[8,8]]',
  ]) {
    assert.ok(page.includes(text), `the page lacks ${text}`);
  }
});

test('text from outside is escaped wherever it stands', () => {
  const name = `<script>alert("&'")</script>`;
  const { scores } = smallExperiment();
  const page = experimentPage(
    smallExperiment({
      title: name,
      base: outcomeOf(name, 'base', episodesOf([0.5])),
      scores: { ...scores, sources: scores.sources.map((source) => ({ ...source, name })) },
      parameters: { [name]: name },
    }),
  );
  assert.ok(!page.includes('<script'));
  assert.ok(page.includes('&lt;script&gt;alert(&quot;&amp;&#39;&quot;)&lt;/script&gt;'));
});

test('the page needs no network and no script, and leaves a place for the run', () => {
  const page = experimentPage(smallExperiment());
  assert.ok(!/<script|src="http|href="http|url\(|@import|<link/.test(page));
  assert.ok(page.includes('<section id="this-run" hidden><!--stet:this-run--></section>'));
});

test('equal experiments give equal bytes', () => {
  assert.equal(experimentPage(smallExperiment()), experimentPage(smallExperiment()));
});

test('nothing in the page is a number that is none', () => {
  assert.ok(!/NaN|Infinity|undefined|\[object/.test(experimentPage(smallExperiment())));
});

test('when no rollout was kept, the page says what that means', () => {
  assert.match(experimentPage(smallExperiment()), /No rollout was kept.*learned from the same episodes/);
});

test('drawn episodes are shown as images in which nothing can run', () => {
  const drawn = (name: string) => ({
    ...outcomeOf(name, 'base', episodesOf([0.5])),
    films: new Map([[0, '<svg onload="alert(1)"/>']]),
  });
  const page = experimentPage(
    smallExperiment({ base: drawn('Base policy'), retrained: [drawn('Kept demonstrations')] }),
  );
  assert.equal(page.match(/<img src="data:image\/svg\+xml;base64,/g)?.length, 2);
  assert.ok(!page.includes('onload'));
});

test('one checkpoint, one value and one loss can be drawn', () => {
  const { checkpoints, classifiers } = smallExperiment();
  const flat = { stepwiseBce: [0.5], trajwiseBce: [0.5], mean: [0.5], failMean: [null], successMean: [null] };
  const [run] = classifiers;
  assert.ok(run);
  const file = { ...run.file, epoch: 1, curves: { train: flat, validation: flat } };
  const page = experimentPage(
    smallExperiment({ checkpoints: checkpoints.slice(0, 1), classifiers: [{ ...run, file }] }),
  );
  assert.ok(!/NaN|Infinity/.test(page));
});
