import { scoreEpisodes } from './evaluate.ts';
import { mlpOf, readClassifier } from './file.ts';
import { readSteps } from './steps.ts';

/** Index, success and score of every episode of a dataset, in its order. Dropout is off. */
export async function scoreDataset(
  classifierFolder: string,
  datasetFolder: string,
  { assumeSuccess }: { assumeSuccess: boolean },
): Promise<{ index: number; success: boolean; score: number }[]> {
  const file = await readClassifier(classifierFolder);
  const steps = await readSteps(datasetFolder, file.features, { assumeSuccess });
  const { scores } = scoreEpisodes(mlpOf(file), steps);
  return steps.episodes.map((index, e) => ({ index, success: steps.labels[e] === 1, score: scores[e] as number }));
}
