import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../core/artifact.ts';
import type { Metrics } from './evaluate.ts';
import type { Mlp } from './mlp.ts';
import type { CurvePoint } from './train.ts';

/** One metric per epoch, the first epoch first. */
const Curves = z.object({
  stepwiseBce: z.array(z.number()),
  trajwiseBce: z.array(z.number()),
  mean: z.array(z.number()),
  failMean: z.array(z.number().nullable()),
  successMean: z.array(z.number().nullable()),
});

const Source = z.object({ episodes: z.int(), successes: z.int(), steps: z.int() });

/**
 * `classifier.json`: a stepwise success classifier, how it was trained, and how it came along.
 *
 * `layers` go from the input to the logit; `weights` are [outputs][inputs]. Features are the listed columns,
 * concatenated, with `bounds` mapped linearly to [-1, 1]. The score of an episode is the mean probability of its steps.
 */
export const ClassifierFile = z.object({
  format: z.literal('stet-success-classifier-1'),
  features: z.object({ columns: z.array(z.string()).min(1), bounds: z.tuple([z.number(), z.number()]) }),
  hiddenSizes: z.array(z.int().positive()),
  layers: z.array(z.object({ weights: z.array(z.array(z.number())), biases: z.array(z.number()) })).min(1),
  /** The selected epoch, counted from 1. */
  epoch: z.int().positive(),
  /** Mean episode score of the training rollouts at that epoch. */
  threshold: z.number(),
  /** Stepwise cross-entropy of the validation rollouts at that epoch. */
  validationLoss: z.number(),
  settings: z.record(z.string(), z.number()),
  trainedOn: Source,
  validatedOn: Source,
  curves: z.object({ train: Curves, validation: Curves }),
});
export type ClassifierFile = z.output<typeof ClassifierFile>;

const fileName = 'classifier.json';

export function readClassifier(folder: string): Promise<ClassifierFile> {
  return readJson(join(folder, fileName), ClassifierFile);
}

export async function writeClassifier(folder: string, classifier: ClassifierFile): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, fileName), `${JSON.stringify(classifier)}\n`);
}

/** The layers of a network, as rows that a person or another program can read. */
export function layersOf({ sizes, parameters }: Mlp): ClassifierFile['layers'] {
  let at = 0;
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index] as number;
    const weights = Array.from({ length: outputs }, (_, o) => [
      ...parameters.subarray(at + o * inputs, at + (o + 1) * inputs),
    ]);
    const biases = [...parameters.subarray(at + outputs * inputs, at + outputs * (inputs + 1))];
    at += outputs * (inputs + 1);
    return { weights, biases };
  });
}

/** The network of a file; the opposite of `layersOf`. */
export function mlpOf({ layers }: Pick<ClassifierFile, 'layers'>): Mlp {
  const sizes = [layers[0]?.weights[0]?.length ?? 0, ...layers.map(({ biases }) => biases.length)];
  return {
    sizes,
    parameters: Float64Array.from(layers.flatMap(({ weights, biases }) => [...weights.flat(), ...biases])),
  };
}

/** Curves to seven digits: they are looked at, never computed with, and most of the file's size. */
export function curvesOf(curve: readonly CurvePoint[]): ClassifierFile['curves'] {
  const of = (side: 'train' | 'validation') => {
    const column = <K extends keyof Metrics>(name: K) =>
      curve.map((point) => rounded(point[side][name])) as Metrics[K][];
    return {
      stepwiseBce: column('stepwiseBce'),
      trajwiseBce: column('trajwiseBce'),
      mean: column('mean'),
      failMean: column('failMean'),
      successMean: column('successMean'),
    };
  };
  return { train: of('train'), validation: of('validation') };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(7));
}
