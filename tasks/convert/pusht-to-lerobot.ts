import { z } from 'zod';
import { Problem, task } from '../core/task.ts';
import { lerobotDataset } from '../kinds/lerobot-dataset.ts';
import { zarrStore } from '../kinds/zarr-store.ts';

/**
 * PushT recordings (a zarr replay buffer with `data/state`, `data/action` and `meta/episode_ends`) as a LeRobot dataset.
 *
 * Features are those of upstream's `lerobot/pusht_keypoints`: pusher position, the tee's 8 corners, and reward, done and
 * success of the frame that follows. `episodes`: how many to take from the start; all by default.
 */
export const pushtToLerobot = task({
  name: 'pusht-to-lerobot',
  inputs: {
    replay: zarrStore,
    version: z.enum(['v2.1', 'v3.0']).default('v3.0'),
    episodes: z.int().min(1).optional(),
  },
  outputs: { dataset: lerobotDataset },
  run: async ({ replay, version, episodes }, out, attempt) => {
    const { readReplay, replayEpisodes, pushtFeatures, pushtFps } = await import('./pusht-replay.ts');
    const { writeDataset } = await import('../formats/lerobot-dataset/write.ts');
    const recordings = await readReplay(replay.path);
    const total = episodes ?? recordings.ends.length;
    if (total > recordings.ends.length) {
      throw new Problem(
        'too-few-episodes',
        `${total} episodes were asked for; the recordings have ${recordings.ends.length}.`,
      );
    }
    const reported = replayEpisodes(recordings, total, (done) => attempt.report({ done, total, unit: 'episodes' }));
    const options = { version, fps: pushtFps, robotType: '2d pointer', features: pushtFeatures };
    await writeDataset(out.dataset, options, reported);
    return { dataset: out.dataset };
  },
});
