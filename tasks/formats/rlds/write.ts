import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frame } from '../tfrecord/frame.ts';
import { encodeExample, type FeatureValues } from '../tf-example/write.ts';

/** A feature as `features.json` declares it. */
export interface DeclaredFeature {
  /** `image` is a JPEG in each step. */
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
    await using file = await open(join(folder, name), 'w');
    let length = 0;
    for await (const episode of episodes) {
      const payload = encodeExample(episode, { packed: dataset.packed ?? true });
      await file.writeFile(frame(payload));
      numBytes += payload.length;
      length += 1;
    }
    shardLengths.push(String(length));
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

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, `${JSON.stringify(value, undefined, 1)}\n`);
}

const classes = 'tensorflow_datasets.core.features';

interface Tree {
  [key: string]: Tree | DeclaredFeature;
}

function featuresTree(features: WrittenDataset['features']): unknown {
  const root: Tree = {};
  for (const [name, feature] of Object.entries(features)) {
    const parts = name.split('/');
    let at = root;
    for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Tree;
    at[parts.at(-1) as string] = feature;
  }
  const dict = (tree: Tree): unknown => ({
    pythonClassName: `${classes}.features_dict.FeaturesDict`,
    featuresDict: {
      features: Object.fromEntries(
        Object.entries(tree).map(([key, node]) => [key, 'dtype' in node && typeof node.dtype === 'string' ? leaf(node as DeclaredFeature) : inner(key, node as Tree)]),
      ),
    },
  });
  const inner = (key: string, tree: Tree): unknown =>
    key === 'steps'
      ? { pythonClassName: `${classes}.dataset_feature.Dataset`, sequence: { feature: dict(tree), length: '-1' } }
      : dict(tree);
  return dict(root);
}

function leaf({ dtype, shape = [] }: DeclaredFeature): unknown {
  const dimensions = shape.map(String);
  if (dtype === 'image') {
    const image = { shape: { dimensions }, dtype: 'uint8', encodingFormat: 'jpeg' };
    return { pythonClassName: `${classes}.image_feature.Image`, image };
  }
  const tensor = { shape: dimensions.length > 0 ? { dimensions } : {}, dtype, encoding: 'none' };
  return { pythonClassName: `${classes}.tensor_feature.Tensor`, tensor };
}
