import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { scanTree, treeDigest } from '../../../cache/tree.ts';
import { readJson } from '../../core/artifact.ts';
import { fillGaussian, randomOf } from '../../models/random.ts';
import { loadOnnxRuntime, type OnnxTensor, type OnnxType, onnxTypes } from './onnx-runtime.ts';
import type { Actor, Servable } from './servable.ts';

const Axes = z.array(z.int().min(1));

/** `config.json` of a policy that was exported from elsewhere. Shapes are without the batch axis, which comes first. */
const Config = z.object({
  format: z.literal('onnx-policy/1'),
  step: z.int().min(0),
  /** The file beside it. */
  model: z
    .string()
    .regex(/^[\w.-]+\.onnx$/)
    .default('model.onnx'),
  /** Which input of the model is made of which key of a request. */
  inputs: z
    .array(
      z.object({
        key: z.string().min(1),
        /** Of the model's input. */
        name: z.string().min(1),
        shape: Axes,
        type: z.enum(onnxTypes).default('float32'),
        /** For people. */
        meaning: z.string().default('numbers'),
      }),
    )
    .min(1),
  /** An input that takes noise of mean 0 and variance 1, for models that make actions from it. */
  noise: z.object({ name: z.string().min(1), shape: Axes }).optional(),
  actions: z.object({ name: z.string().min(1), shape: z.tuple([z.int().min(1), z.int().min(1)]) }),
  /** The most rows that the model takes at once: 1 for a model that was exported for one row. */
  maxBatch: z.int().min(1).optional(),
  /** The first frame of every connection, after `checkpoint`, the folder's digest. */
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
type Config = z.output<typeof Config>;

/** Any policy in ONNX with a description of its inputs; it runs on the CPU, by onnxruntime. */
export async function onnxPolicy(folder: string): Promise<Servable> {
  const config = await readJson(join(folder, 'config.json'), Config);
  const digest = treeDigest(await scanTree(folder)); // what the store calls it too
  return {
    contract: {
      title: `onnx-policy/1, step ${config.step}`,
      metadata: new Map([['checkpoint', digest], ...Object.entries(config.metadata)]),
      keys: config.inputs.map(({ key, shape, meaning }) => ({ name: key, shapes: [shape], meaning })),
      actionShape: config.actions.shape,
      maxBatch: config.maxBatch,
    },
    load: () => load(join(folder, config.model), config),
  };
}

async function load(path: string, { inputs, noise, actions }: Config): Promise<Actor> {
  const { InferenceSession, Tensor } = await loadOnnxRuntime();
  const session = await InferenceSession.create(path).catch((cause: unknown) => {
    throw new Problem('not-servable', `onnxruntime cannot load ${path}: ${messageOf(cause)}`, { cause });
  });
  refuseOtherNames(path, [...inputs, ...(noise ? [noise] : [])], session.inputNames);
  refuseOtherNames(path, [actions], session.outputNames);
  const width = inputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return {
    async act(rows, noiseSeeds) {
      const batch = noiseSeeds.length;
      const feeds: Record<string, OnnxTensor> = {};
      let from = 0;
      for (const { name, shape, type } of inputs) {
        feeds[name] = new Tensor(type, columnsOf(rows, { from, size: sizeOf(shape), width, type }), [batch, ...shape]);
        from += sizeOf(shape);
      }
      if (noise) feeds[noise.name] = new Tensor('float32', noiseOf(noiseSeeds, noise.shape), [batch, ...noise.shape]);
      const { data } = (await session.run(feeds))[actions.name] as OnnxTensor;
      if (data.length === batch * sizeOf(actions.shape)) return Float64Array.from(data, Number);
      throw new Problem('policy-crashed', `"${actions.name}" has ${data.length} numbers for ${batch} requests.`, {
        hint: `config.json says [${actions.shape.join(', ')}] for each.`,
      });
    },
    dispose: () => void session.release(),
  };
}

function refuseOtherNames(path: string, wanted: readonly { name: string }[], there: readonly string[]): void {
  const missing = wanted.map(({ name }) => name).filter((name) => !there.includes(name));
  if (missing.length === 0) return;
  throw new Problem('not-servable', `${path} has no ${missing.join(', ')}, which config.json names.`, {
    hint: `It has ${there.join(', ')}.`,
  });
}

interface Columns {
  readonly from: number;
  readonly size: number;
  /** Of a row. */
  readonly width: number;
  readonly type: OnnxType;
}

/** Some columns of all rows, [batch, size], in the type that the model takes. */
function columnsOf(rows: Float64Array, { from, size, width, type }: Columns): OnnxTensor['data'] {
  const values = new Float64Array((rows.length / width) * size);
  for (let row = 0; row * width < rows.length; row += 1) {
    values.set(rows.subarray(row * width + from, row * width + from + size), row * size);
  }
  if (type === 'float64') return values;
  if (type === 'float32') return Float32Array.from(values);
  return type === 'int64' ? BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))) : Uint8Array.from(values);
}

function noiseOf(noiseSeeds: readonly number[], shape: readonly number[]): Float32Array {
  const size = sizeOf(shape);
  const noise = new Float32Array(noiseSeeds.length * size);
  noiseSeeds.forEach((seed, row) => fillGaussian(noise.subarray(row * size, (row + 1) * size), randomOf(seed)));
  return noise;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}
