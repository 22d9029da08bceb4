import util from 'node:util';
import { BackendIdentity, packageOf, versionOf } from './identity.ts';
import type { Tf } from './tf.ts';

/** The native packages are optional peers: they may be absent, or present without the library that their script fetches. */
export async function loadNative(name: 'node' | 'node-gpu'): Promise<{ tf: Tf; identity: BackendIdentity }> {
  const legacy = util as unknown as { isNullOrUndefined?: (value: unknown) => boolean };
  // tfjs-node 4.22 asks for this function, which Node 23 took away.
  legacy.isNullOrUndefined ??= (value) => value === null || value === undefined;
  const packageName: string = packageOf[name];
  const loaded = (await import(packageName)) as Tf & { default?: Tf };
  const tf = loaded.default ?? loaded;
  if (!(await tf.setBackend('tensorflow')) || tf.getBackend() !== 'tensorflow')
    throw new Error('TF.js did not start it');
  const { binding, isUsingGpuDevice, isGPUPackage } = tf.backend() as unknown as NativeBackend;
  if (name === 'node-gpu' && !isUsingGpuDevice) {
    throw new Error(
      `${packageName} ${isGPUPackage ? 'found no GPU' : 'is not the GPU build'}, so it would compute on the CPU`,
    );
  }
  return {
    tf,
    identity: {
      backend: name,
      tfjs: versionOf(packageName),
      patch: 0,
      dtype: 'float32',
      library: binding?.TF_Version ?? 'unknown',
      device: isUsingGpuDevice ? 'gpu' : 'cpu',
    },
  };
}

interface NativeBackend {
  readonly binding?: { readonly TF_Version?: string };
  readonly isUsingGpuDevice?: boolean;
  readonly isGPUPackage?: boolean;
}
