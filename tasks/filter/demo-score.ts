import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { episodeList } from '../kinds/episode-list.ts';
import { type EpisodeScores, episodeScores } from '../kinds/episode-scores.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { successClassifier } from '../models/success-classifier/success-classifier.ts';

/** A dataset under a name that means the same on every machine, as episode lists use it. */
const NamedDataset = z.object({ name: z.string().regex(/^\S+$/), dataset: lerobotDataset });

/**
 * Demo-SCORE's filter (Chen et al. 2025, arXiv 2503.03707): an episode is kept when it is a success and its mean
 * predicted probability is above the classifier's threshold. Whole episodes are kept or dropped; dropout is off.
 *
 * Demonstrations all count as successes. `demosOnly` and `rolloutsPlusDemos` are the guide's
 * `demo_score_demos_only.txt` and `demo_score_rollouts_plus_demos.txt`: demonstrations first, then the rollouts in the
 * order given, lines without episodes omitted. `sources` are the datasets that the lists speak of, by name.
 */
export const filterDemoScore = task({
  name: 'filter-demo-score',
  inputs: {
    demos: NamedDataset,
    rollouts: z.array(z.object({ policy: checkpoint, rollouts: lerobotDataset })),
    rolloutsName: z.string().regex(/^\S+$/).default('rollouts'), // the step, padded to six digits, is appended
    classifier: successClassifier,
  },
  outputs: {
    demosOnly: episodeList,
    rolloutsPlusDemos: episodeList,
    scores: episodeScores,
    sources: z.array(NamedDataset),
  },
  run: async ({ demos, rollouts, rolloutsName, classifier }, out, attempt) => {
    const { formatEpisodeList } = await import('../formats/episode-list.ts');
    const { scoreDataset } = await import('../models/success-classifier/score.ts');

    const sources = [
      { ...demos, role: 'demonstrations' as const },
      ...rollouts.map(({ policy, rollouts: dataset }) => ({
        name: `${rolloutsName}/${String(policy.meta.step).padStart(6, '0')}`,
        dataset,
        role: 'rollouts' as const,
      })),
    ];
    const scored: EpisodeScores['sources'] = [];
    for (const { name, dataset, role } of sources) {
      const scores = await scoreDataset(classifier.path, dataset.path, { assumeSuccess: role === 'demonstrations' });
      const episodes = scores.map((episode) => ({ ...episode, kept: isKept(episode, classifier.meta.threshold) }));
      scored.push({ name, role, episodes });
      attempt.report({ done: scored.length, total: sources.length, unit: 'datasets' });
    }
    refuseEmpty(scored, classifier.meta.threshold);

    const lines = scored.map(({ name, episodes }) => ({ dataset: name, episodes: keptOf(episodes) }));
    await writeFile(out.demosOnly, formatEpisodeList(lines.slice(0, 1)));
    await writeFile(out.rolloutsPlusDemos, formatEpisodeList(lines));
    const scores: EpisodeScores = { threshold: classifier.meta.threshold, sources: scored };
    await writeFile(out.scores, `${JSON.stringify(scores, null, 1)}\n`);
    return { ...out, sources: sources.map(({ name, dataset }) => ({ name, dataset })) };
  },
});

/** The rule. Strict: an episode that scores just the threshold is dropped. */
export function isKept({ success, score }: { success: boolean; score: number }, threshold: number): boolean {
  return success && score > threshold;
}

function keptOf(episodes: EpisodeScores['sources'][number]['episodes']): number[] {
  return episodes.filter(({ kept }) => kept).map(({ index }) => index);
}

/** Without demonstrations there is nothing to retrain on. */
function refuseEmpty([demos]: EpisodeScores['sources'], threshold: number): void {
  if (!demos || demos.episodes.some(({ kept }) => kept)) return;
  const scores = demos.episodes.map(({ score }) => score);
  const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => score.toPrecision(6));
  throw new Problem(
    'nothing-kept',
    `No demonstration of "${demos.name}" was kept: their scores are between ${low} and ${high}, the threshold is ${threshold.toPrecision(6)}.`,
    {
      hint: 'The classifier learned little. Give it more rollouts (rollouts.episodes) or more epochs (classifier.epochs).',
    },
  );
}
