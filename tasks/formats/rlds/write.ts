import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frame } from '../tfrecord/frame.ts';
import { encodeExample, type FeatureValues } from '../tf-example/write.ts';

/** A feature as `features.json` declares it. */
export interface DeclaredFeature {
  /** `image` is a JPEG in each step, `text` a string in UTF-8. */
  readonly dtype: string;
  readonly shape?: readonly number[];
}

export interface WrittenDataset {
  /** The inner name and version, for example `droid_101` and `0.0.1`. */
  readonly name: string;
  readonly version: string;
  /** By the names in records; those under `steps/` are per step. */
  readonly features: Readonly<Record<string, DeclaredFeature>>;
  /** Episodes of each shard, which are taken one after the other. */
  readonly shards: readonly (Iterable<EpisodeValues> | AsyncIterable<EpisodeValues>)[];
  /** Numbers as single fields, as old writers have them. */
  readonly packed?: boolean;
}

export type EpisodeValues = Readonly<Record<string, FeatureValues>>;

/** Writes a TFDS folder: shards of split `train`, `dataset_info.json`, `features.json`. Memory is that of one episode. */
export async function writeRlds(folder: string, dataset: WrittenDataset): Promise<void> {
  await mkdir(folder, { recursive: true });
  const digits = (number: number): string => String(number).padStart(5, '0');
  const shardLengths: string[] = [];
  let numBytes = 0;
  for (const [k, episodes] of dataset.shards.entries()) {
    const name = `${dataset.name}-train.tfrecord-${digits(k)}-of-${digits(dataset.shards.length)}`;
    const { episodeCount, byteCount } = await writeShard(join(folder, name), episodes, dataset.packed ?? true);
    shardLengths.push(String(episodeCount));
    numBytes += byteCount;
  }
  const split = {
    filepathTemplate: '{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}',
    name: 'train',
    numBytes: String(numBytes),
    shardLengths,
  };
  const { name, version } = dataset;
  await writeJson(join(folder, 'dataset_info.json'), { fileFormat: 'tfrecord', name, splits: [split], version });
  await writeJson(join(folder, 'features.json'), featuresTree(dataset.features));
}

async function writeShard(
  path: string,
  episodes: WrittenDataset['shards'][number],
  packed: boolean,
): Promise<{ episodeCount: number; byteCount: number }> {
  const file = await open(path, 'w');
  let [episodeCount, byteCount] = [0, 0];
  try {
    for await (const episode of episodes) {
      const payload = encodeExample(episode, { packed });
      await file.writeFile(frame(payload));
      byteCount += payload.length;
      episodeCount += 1;
    }
    return { episodeCount, byteCount };
  } finally {
    await file.close();
  }
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, undefined, 1)}\n`);
}

const classes = 'tensorflow_datasets.core.features';

/** Features by the parts of their names. */
interface Tree {
  readonly inner: Map<string, Tree>;
  feature?: DeclaredFeature;
}

function featuresTree(features: WrittenDataset['features']): unknown {
  const root: Tree = { inner: new Map() };
  for (const [name, feature] of Object.entries(features)) {
    let at = root;
    for (const part of name.split('/')) {
      const next = at.inner.get(part) ?? { inner: new Map() };
      at.inner.set(part, next);
      at = next;
    }
    at.feature = feature;
  }
  return described('', root);
}

function described(name: string, { inner, feature }: Tree): unknown {
  if (feature) return leaf(feature);
  const features = Object.fromEntries([...inner].map(([key, tree]) => [key, described(key, tree)]));
  const dict = { pythonClassName: `${classes}.features_dict.FeaturesDict`, featuresDict: { features } };
  if (name !== 'steps') return dict;
  return { pythonClassName: `${classes}.dataset_feature.Dataset`, sequence: { feature: dict, length: '-1' } };
}

function leaf({ dtype, shape = [] }: DeclaredFeature): unknown {
  const dimensions = shape.map(String);
  if (dtype === 'image') {
    const image = { shape: { dimensions }, dtype: 'uint8', encodingFormat: 'jpeg' };
    return { pythonClassName: `${classes}.image_feature.Image`, image };
  }
  if (dtype === 'text') return { pythonClassName: `${classes}.text_feature.Text`, text: {} };
  const tensor = { shape: dimensions.length > 0 ? { dimensions } : {}, dtype, encoding: 'none' };
  return { pythonClassName: `${classes}.tensor_feature.Tensor`, tensor };
}
