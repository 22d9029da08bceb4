import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { readJson, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { EpisodeScores, episodeScores } from '../kinds/episode-scores.ts';
import { folder } from '../kinds/folder.ts';
import { htmlPage } from '../kinds/html-page.ts';
import { rolloutSummary } from '../kinds/rollout-summary.ts';
import { successClassifier } from '../models/success-classifier/success-classifier.ts';

const Evaluated = z.object({ name: z.string(), summary: rolloutSummary });

/**
 * One page on a Demo-SCORE experiment: what came out, in words and with intervals, and every step that led there.
 *
 * The page is complete in itself and holds no clock: what a run adds (its graph, its times) has a place in it,
 * `<!--stet:this-run-->`.
 */
export const demoScoreReport = task({
  name: 'demo-score-report',
  inputs: {
    title: z.string(),
    base: Evaluated,
    retrained: z.array(Evaluated).min(1).max(2),
    checkpoints: z.array(z.object({ policy: checkpoint, summary: rolloutSummary })).min(1),
    candidates: z.array(z.array(z.object({ policy: checkpoint, classifier: successClassifier }))).min(1),
    picked: successClassifier,
    scores: episodeScores,
    replay: folder.optional(), // of `replayPusht`: how faithful the simulation is
    parameters: z.record(z.string(), z.json()),
  },
  outputs: { report: htmlPage },
  run: async ({ title, base, retrained, checkpoints, candidates, picked, scores, replay, parameters }, out) => {
    const { experimentPage } = await import('./experiment-page.ts');
    const { ReplayErrors } = await import('./sections/physics.ts');
    const { outcomeOf, readOutcome } = await import('./outcomes/outcome.ts');
    const { readClassifier } = await import('../models/success-classifier/file.ts');

    const colours = ['demos', 'both'] as const;
    const byStep = [...checkpoints].sort((a, b) => a.policy.meta.step - b.policy.meta.step);
    const text = experimentPage({
      title,
      base: await readOutcome(base.summary.path, base.name, 'base'),
      retrained: await Promise.all(
        retrained.map(({ name, summary }, k) => readOutcome(summary.path, name, colours[k] ?? 'both')),
      ),
      checkpoints: await Promise.all(
        byStep.map(async ({ policy: { meta }, summary }) => {
          const { episodes } = await readOutcome(summary.path, `step ${meta.step}`, 'base');
          return { ...outcomeOf(`step ${meta.step}`, 'base', episodes), step: meta.step };
        }),
      ),
      classifiers: await Promise.all(
        candidates.flat().map(async ({ policy, classifier }) => ({
          step: policy.meta.step,
          file: await readClassifier(classifier.path),
          isPicked: classifier.digest === picked.digest,
        })),
      ),
      scores: await readJson(scores.path, EpisodeScores),
      replay: replay && (await readJson(`${replay.path}/errors.json`, ReplayErrors)),
      parameters,
    });
    await writeFile(out.report, text);
    return out;
  },
});
