import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';

/** A file of the dataset and how many episodes it holds by the dataset's own account. */
export interface ShardFile {
  readonly path: string;
  readonly episodes: number;
}

export interface Split {
  readonly name: string;
  readonly shards: readonly ShardFile[];
  readonly episodes: number;
}

export interface DatasetInfo {
  /** The inner name, which file names start with: `droid_101` for DROID 1.0.1, whatever the folder is called. */
  readonly name: string;
  /** The inner version: 0.0.1 for DROID 1.0.1. */
  readonly version: string;
  readonly splits: readonly Split[];
}

const count = z.union([z.string().regex(/^\d+$/), z.int().min(0)]).transform(Number);

const InfoFile = z.object({
  name: z.string().min(1),
  version: z.string(),
  fileFormat: z.string().default('tfrecord'),
  splits: z.array(
    z.object({
      name: z.string().min(1),
      filepathTemplate: z.string().default(''),
      shardLengths: z.array(count).default([]),
    }),
  ),
});

/**
 * What `dataset_info.json` says of a TFDS folder: name, version, and the shards of each split, whose names come from
 * the template there and never from the folder's name.
 *
 * Throws `not-a-tfds-dataset`, `unknown-file-format`, `wrong-template`. Files need not exist: `refuseMissingShards` looks.
 */
export async function readDatasetInfo(folder: string): Promise<DatasetInfo> {
  const path = join(folder, 'dataset_info.json');
  const file = await readJson(path, InfoFile).catch((cause: unknown) => {
    throw new Problem('not-a-tfds-dataset', `${folder} is no TFDS dataset: ${messageOf(cause)}`, {
      hint: 'Give the folder that holds dataset_info.json, features.json and the shards.',
      cause,
    });
  });
  if (file.fileFormat !== 'tfrecord') {
    throw new Problem('unknown-file-format', `${path} says "${file.fileFormat}"; only "tfrecord" can be read.`);
  }
  const splits = file.splits.map(({ name, filepathTemplate, shardLengths }) => {
    const shards = shardLengths.map((episodes, k) => {
      const template = filepathTemplate === '' ? defaultTemplate : filepathTemplate;
      const fileName = fill(template, { dataset: file.name, split: name, shard: k, shards: shardLengths.length });
      return { path: join(folder, fileName), episodes };
    });
    return { name, shards, episodes: shardLengths.reduce((sum, length) => sum + length, 0) };
  });
  return { name: file.name, version: file.version, splits };
}

/** The split of this name. Throws `no-such-split`, naming those that there are. */
export function splitOf(info: DatasetInfo, name: string): Split {
  const namedSplit = info.splits.find((split) => split.name === name);
  if (namedSplit && namedSplit.shards.length > 0) return namedSplit;
  const names = info.splits.filter(({ shards }) => shards.length > 0).map((split) => `"${split.name}"`);
  throw new Problem(
    'no-such-split',
    `Dataset ${info.name} has no shards of split "${name}"; there is ${names.join(', ') || 'none'}.`,
  );
}

/** All missing shards at once: a download that was cut short misses many. */
export function refuseMissingShards({ shards, name }: Split): void {
  const missing = shards.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const shown = missing.slice(0, 3).map(({ path }) => `  ${path}`);
  const more = missing.length > shown.length ? `\n  and ${missing.length - shown.length} more` : '';
  throw new Problem(
    'shards-missing',
    `${missing.length} of ${shards.length} shards of split "${name}" are not there:\n${shown.join('\n')}${more}`,
    { hint: 'Fetch the dataset again; what is there and whole is not fetched twice.' },
  );
}

const defaultTemplate = '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}';

interface Blanks {
  readonly dataset: string;
  readonly split: string;
  readonly shard: number;
  readonly shards: number;
}

function fill(template: string, { dataset, split, shard, shards }: Blanks): string {
  const values: Readonly<Record<string, string>> = {
    DATASET: dataset,
    SPLIT: split,
    FILEFORMAT: 'tfrecord',
    SHARD_INDEX: fiveDigits(shard),
    NUM_SHARDS: fiveDigits(shards),
    SHARD_X_OF_Y: `${fiveDigits(shard)}-of-${fiveDigits(shards)}`,
  };
  const name = template.replace(/\{([A-Z_]+)\}/g, (blank, key: string) => values[key] ?? blank);
  if (!/[{}/\\]/.test(name)) return name;
  throw new Problem(
    'wrong-template',
    `The file name template "${template}" of ${dataset} cannot be filled: "${name}".`,
  );
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}
