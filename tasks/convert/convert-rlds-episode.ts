import { z } from 'zod';
import { task, uncounted } from '../core/task.ts';
import { ffmpegNeeds } from '../formats/video/needs.ts';
import { rldsShard } from '../kinds/files-in-place.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { imageStorage, videoCodec } from './image-storage.ts';
import { rldsMapping } from './rlds-mapping.ts';

/**
 * One RLDS episode as a LeRobot dataset of that episode. What counts is the record, by its digest: which shard it lies in,
 * and where, only says where to read it, and what is read there is checked.
 */
export const convertRldsEpisode = task({
  name: 'convert-rlds-episode',
  inputs: {
    /** `sha256:…` of the record's bytes. */
    record: z.string(),
    /** What was to be done, in words. */
    task: z.string(),
    mapping: rldsMapping,
    images: imageStorage.default('video'),
    /** Of videos. */
    codec: videoCodec.default('av1'),
    shard: uncounted(rldsShard),
    place: uncounted(z.object({ record: z.int(), start: z.int(), length: z.int() })),
  },
  outputs: { part: lerobotDataset },
  needs: ({ images, codec = 'av1' }) => ffmpegNeeds(images === 'image' ? undefined : codec),
  run: async (inputs, out, attempt) => {
    const { writeRldsEpisode } = await import('./rlds-episode.ts');
    await writeRldsEpisode(out.part, inputs, attempt.scratch);
    return { part: out.part };
  },
});
