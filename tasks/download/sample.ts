import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.ts';
import { task } from '../core/task.ts';
import { zarrStore } from '../kinds/zarr-store.ts';

/**
 * The PushT demonstrations that ship with the package: 206 episodes by people, 25,650 frames at 10 Hz, without images.
 * Where they are from is in `samples/pusht/SOURCE.md`.
 */
export const samplePusht = task({
  name: 'sample-pusht',
  inputs: {},
  outputs: { replay: zarrStore },
  observe: async () => {
    const { scanTree, treeDigest } = await import('../../cache/tree.ts');
    return treeDigest(await scanTree(samplePath()));
  },
  run: async (_, out) => {
    await cp(samplePath(), out.replay, { recursive: true });
    return { replay: out.replay };
  },
});

function samplePath(): string {
  return join(packageRoot(), 'samples/pusht/pusht_cchi_v7_replay.zarr');
}
