import type { Need } from '../../core/task.ts';
import type { BackendName } from '../backend-name.ts';

/** What a backend needs of the place: the native ones are packages that are installed apart. */
export function backendNeeds({ backend }: { readonly backend?: BackendName | undefined }): Need[] {
  if (backend !== 'node' && backend !== 'node-gpu') return [];
  return [
    {
      advice: `Install it: npm install @tensorflow/tfjs-${backend} (it downloads libtensorflow). Or leave the backend at its default: backend=wasm`,
      missing: async () => {
        const { packageOf, versionOf } = await import('./identity.ts');
        try {
          versionOf(packageOf[backend]);
          return undefined;
        } catch {
          return `the package ${packageOf[backend]} of the backend "${backend}" is not installed`;
        }
      },
    },
  ];
}
