import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { ConcreteBackend } from '../backend-name.ts';
import { patchVersion } from './transposing-product.ts';

/** All that may change the bits that a backend gives. Part of a node's recipe and of a checkpoint. */
export const BackendIdentity = z.object({
  backend: z.enum(['wasm', 'cpu', 'node', 'node-gpu']),
  /** Version of TF.js. */
  tfjs: z.string(),
  /** Version of our change to wasm's products; 0 for other backends. */
  patch: z.int().min(0),
  dtype: z.literal('float32'),
  /** Native backends only: version of libtensorflow, and what computes. */
  library: z.string().optional(),
  device: z.string().optional(),
});
export type BackendIdentity = z.output<typeof BackendIdentity>;

/** The identity of a backend in plain JavaScript or wasm, told from `package.json` alone: TF.js is not loaded. */
export function portableIdentity(backend: 'wasm' | 'cpu'): BackendIdentity {
  return {
    backend,
    tfjs: versionOf(`@tensorflow/tfjs-backend-${backend}`),
    patch: backend === 'wasm' ? patchVersion : 0,
    dtype: 'float32',
  };
}

/** The version of an installed package. */
export function versionOf(name: string): string {
  // The manifest may be hidden from `require`, so it is looked for upwards from the package's main file.
  const require = createRequire(import.meta.url);
  let folder = dirname(require.resolve(name));
  while (folder !== dirname(folder)) {
    const manifest = readManifest(join(folder, 'package.json'));
    if (manifest?.name === name) return manifest.version ?? 'unknown';
    folder = dirname(folder);
  }
  return 'unknown';
}

function readManifest(path: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
  } catch {
    return undefined; // no manifest in this folder: the next one up is asked
  }
}

/** The package behind a backend. */
export const packageOf: Readonly<Record<ConcreteBackend, string>> = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs-backend-cpu',
};
