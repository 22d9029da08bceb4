import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { readJson } from '../../core/artifact.ts';
import { nearest } from '../../core/nearest.ts';
import type { ListType } from '../tf-example/read.ts';

/** What `features.json` says of one feature. */
export interface Feature {
  /** As declared: float64 is stored as float32, and bool as integers. */
  readonly dtype: string;
  /** Of one step (or of the episode): [7] for seven joints, [] for one number. */
  readonly shape: readonly number[];
  /** One value for each step, or one for the episode. */
  readonly perStep: boolean;
  /** What the record's list must be. */
  readonly list: ListType;
  readonly isImage: boolean;
}

/** By the name it has in records: `steps/observation/joint_position`, `episode_metadata/file_path`. */
export type Features = ReadonlyMap<string, Feature>;

const Dimensions = z.object({ dimensions: z.array(z.union([z.string(), z.number()])).default([]) });

interface Node {
  featuresDict?: { features: Record<string, Node> } | undefined;
  sequence?: { feature: Node } | undefined;
  tensor?: { shape?: z.output<typeof Dimensions> | undefined; dtype: string } | undefined;
  image?: { shape?: z.output<typeof Dimensions> | undefined } | undefined;
  text?: unknown;
}

const Node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    featuresDict: z.object({ features: z.record(z.string(), Node) }).optional(),
    sequence: z.object({ feature: Node }).optional(),
    tensor: z.object({ shape: Dimensions.optional(), dtype: z.string() }).optional(),
    image: z.object({ shape: Dimensions.optional() }).optional(),
    text: z.unknown().optional(),
  }),
);

/** The features of a TFDS folder. Those that cannot be read (sequences in sequences, ragged shapes) are left out. */
export async function readFeatures(folder: string): Promise<Features> {
  const path = join(folder, 'features.json');
  const root = await readJson(path, Node).catch((cause: unknown) => {
    throw new Problem('no-features', `The features of ${folder} are not known: ${messageOf(cause)}`, {
      hint: 'features.json is part of the dataset: fetch it too.',
      cause,
    });
  });
  return new Map(flatten(root, '', 0));
}

/** The feature of this name. Throws `no-such-feature`, with the nearest name. */
export function featureOf(features: Features, name: string): Feature {
  const feature = features.get(name);
  if (feature) return feature;
  const close = nearest(name, [...features.keys()]);
  const names = [...features.keys()].sort().join(', ');
  throw new Problem(
    'no-such-feature',
    `The dataset has no feature "${name}"${close ? `; did you mean "${close}"?` : '.'}`,
    {
      hint: `Its features: ${names}.`,
    },
  );
}

function flatten(node: Node, name: string, sequences: number): [string, Feature][] {
  if (node.featuresDict) {
    const inner = Object.entries(node.featuresDict.features);
    return inner.flatMap(([key, child]) => flatten(child, name === '' ? key : `${name}/${key}`, sequences));
  }
  if (node.sequence) return flatten(node.sequence.feature, name, sequences + 1);
  const leaf = leafOf(node);
  if (leaf === undefined || sequences > 1 || leaf.shape.some((size) => !(size >= 1))) return [];
  return [[name, { ...leaf, perStep: sequences === 1 }]];
}

function leafOf(node: Node): Omit<Feature, 'perStep'> | undefined {
  // An image's shape is that of the decoded picture; in the record it is one byte string.
  if (node.image) return { dtype: 'uint8', shape: [], list: 'bytes', isImage: true };
  if (node.tensor) {
    const { dtype, shape } = node.tensor;
    return { dtype, shape: (shape?.dimensions ?? []).map(Number), list: listOf(dtype), isImage: false };
  }
  if (node.text !== undefined) return { dtype: 'string', shape: [], list: 'bytes', isImage: false };
  return undefined;
}

function listOf(dtype: string): ListType {
  if (/^(b?float\d+)$/.test(dtype)) return 'float';
  return /^(u?int\d+|bool)$/.test(dtype) ? 'int' : 'bytes';
}
