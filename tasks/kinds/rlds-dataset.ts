import { z } from 'zod';
import { artifact } from '../core/task.ts';

/**
 * A TFDS folder of RLDS episodes: `dataset_info.json`, `features.json` and TFRecord shards. It stays where it lies.
 *
 * Name and version are those inside: DROID 1.0.1 calls itself `droid_101` and 0.0.1.
 */
export const rldsDataset = artifact('rlds-dataset', {
  meta: z.object({
    name: z.string(),
    version: z.string(),
    /** Of split `train`, by `dataset_info.json`. */
    episodes: z.int().min(0),
    shards: z.int().min(1),
  }),
  hold: 'adopt',
  inspect: async (path) => {
    const { readDatasetInfo, refuseMissingShards, splitOf } = await import('../formats/rlds/dataset-info.ts');
    const { readFeatures } = await import('../formats/rlds/features.ts');
    const info = await readDatasetInfo(path);
    await readFeatures(path);
    const train = splitOf(info, 'train');
    refuseMissingShards(train);
    return { name: info.name, version: info.version, episodes: train.episodes, shards: train.shards.length };
  },
});
