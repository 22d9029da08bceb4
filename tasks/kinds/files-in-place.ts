import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, Problem } from '../core/task.ts';

/** `trajectory.h5` of a raw DROID episode. It stays where it lies. */
export const droidTrajectory = artifact('droid-trajectory', fileThatStays());

/** A camera's MP4 of a raw DROID episode. It stays where it lies. */
export const droidRecording = artifact('droid-recording', fileThatStays());

/** A TFRecord file of RLDS episodes. It stays where it lies. */
export const rldsShard = artifact('rlds-shard', fileThatStays());

/** The content is checked by the task that lists the file; here the path only has to be a file. */
function fileThatStays() {
  return {
    meta: z.object({}),
    hold: 'adopt' as const,
    inspect: async (path: string): Promise<Record<string, never>> => {
      if ((await stat(path)).isFile()) return {};
      throw new Problem('not-a-file', `${path} is not a file.`);
    },
  };
}
