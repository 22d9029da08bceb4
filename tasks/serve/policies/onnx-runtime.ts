import { messageOf, Problem } from '../../../cache/problem.ts';

/** Types of inputs, in onnxruntime's words. */
export const onnxTypes = ['float32', 'float64', 'int64', 'uint8', 'bool'] as const;
export type OnnxType = (typeof onnxTypes)[number];

/** What is used of onnxruntime-node 1.30. */
export interface OnnxRuntime {
  readonly Tensor: new (type: OnnxType, data: OnnxTensor['data'], dims: readonly number[]) => OnnxTensor;
  readonly InferenceSession: { create(path: string): Promise<OnnxSession> };
}

export interface OnnxTensor {
  readonly data: Float32Array | Float64Array | BigInt64Array | Uint8Array;
}

interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

/** An optional peer of 290 MB: whoever serves such policies installs it. */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  const name: string = 'onnxruntime-node';
  try {
    const loaded = (await import(name)) as OnnxRuntime & { default?: OnnxRuntime };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new Problem('package-missing', `Policies in ONNX need onnxruntime-node: ${messageOf(cause).split('\n')[0]}`, {
      hint: 'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node # 290 MB; "skip" leaves out what it downloads for CUDA',
      cause,
    });
  }
}
