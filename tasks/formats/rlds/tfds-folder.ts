import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Problem } from '../../../cache/problem.ts';

/**
 * The folder with `dataset_info.json`: `path` itself, or the only one at most two levels below it, where TFDS has
 * `<data_dir>/<name>/<version>`. Throws `path-missing`, `not-a-tfds-dataset`, `several-datasets`.
 */
export function tfdsFolder(path: string): string {
  const root = resolve(path);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new Problem('path-missing', `There is no folder at "${path}" (${root}).`, {
      hint: 'Give the path of the dataset; an absolute path works from everywhere.',
    });
  }
  const datasets = [root, ...below(root), ...below(root).flatMap(below)].filter(isDataset);
  if (datasets.length === 1 || (datasets[0] === root && datasets.length > 0)) return datasets[0] as string;
  if (datasets.length === 0) {
    throw new Problem('not-a-tfds-dataset', `No dataset_info.json in ${root}, nor two levels below it.`, {
      hint: 'Give the folder that holds dataset_info.json, features.json and the shards.',
    });
  }
  throw new Problem('several-datasets', `${root} holds ${datasets.length} datasets.`, {
    hint: `Choose one:\n${datasets.map((folder) => `  ${folder}`).join('\n')}`,
  });
}

function isDataset(folder: string): boolean {
  return existsSync(join(folder, 'dataset_info.json'));
}

function below(folder: string): string[] {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => join(folder, name)).sort();
}
