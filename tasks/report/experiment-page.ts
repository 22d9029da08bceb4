import type { EpisodeScores } from '../kinds/episode-scores.ts';
import type { Outcome } from './outcomes/outcome.ts';
import { page } from './page/layout.ts';
import { counted } from './page/numbers.ts';
import { type CheckpointOutcome, checkpointsSection } from './sections/checkpoints.ts';
import { type ClassifierRun, classifiersSection } from './sections/classifiers.ts';
import { episodesSection } from './sections/episodes.ts';
import { filterSection } from './sections/filter.ts';
import { parametersSection } from './sections/parameters.ts';
import { physicsSection, type ReplayErrors } from './sections/physics.ts';
import { policiesSection } from './sections/policies.ts';
import { verdictSection } from './sections/verdict.ts';

/** Everything that the page shows, as plain data. */
export interface Experiment {
  readonly title: string;
  readonly base: Outcome;
  readonly retrained: readonly Outcome[];
  readonly checkpoints: readonly CheckpointOutcome[];
  readonly classifiers: readonly ClassifierRun[];
  readonly scores: EpisodeScores;
  readonly replay: ReplayErrors | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The page, from the answer down to the parameters. */
export function experimentPage(experiment: Experiment): string {
  const { title, base, retrained, checkpoints, classifiers, scores, replay, parameters } = experiment;
  return page({
    title,
    lead: lead(scores),
    body: [
      verdictSection(base, retrained),
      policiesSection([base, ...retrained]),
      filterSection(scores),
      classifiersSection(classifiers),
      checkpointsSection(checkpoints),
      episodesSection([base, ...retrained]),
      replay !== undefined && physicsSection(replay),
      parametersSection(parameters),
    ],
  });
}

function lead({ sources }: EpisodeScores): string {
  const count = (role: 'demonstrations' | 'rollouts', onlyKept: boolean): number =>
    sources
      .filter((source) => source.role === role)
      .flatMap(({ episodes }) => episodes)
      .filter(({ kept }) => kept || !onlyKept).length;
  return (
    `A policy was trained on ${counted(count('demonstrations', false), 'demonstration')} and rolled out ${counted(count('rollouts', false), 'time')}. ` +
    `Classifiers learned from these rollouts which states lead to success; of the demonstrations they kept ${count('demonstrations', true)}, ` +
    `of the rollouts ${count('rollouts', true)}. Two policies were then trained from scratch on what was kept.`
  );
}
