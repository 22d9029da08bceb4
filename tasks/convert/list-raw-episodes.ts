import { z } from 'zod';
import { keyedList, task } from '../core/task.ts';
import { droidRecording, droidTrajectory } from '../kinds/files-in-place.ts';
import { leftOut } from './left-out.ts';

const rawEpisode = z.object({
  /** `<LAB>+<collector>+<date>-<time>`. */
  uuid: z.string(),
  success: z.boolean(),
  steps: z.int().min(1),
  /** What was to be done: the first instruction, or "Do something". */
  task: z.string(),
  trajectory: droidTrajectory,
  wrist: droidRecording,
  exterior1: droidRecording,
  exterior2: droidRecording,
});

/**
 * The raw DROID episodes below the folder `raw` of the user's, with the four files that a conversion reads. Files stay
 * where they lie and count by content, each for itself: new, moved or edited ones change nothing for the others.
 *
 * Episodes that openpi's conversion would stop at or cut short are in `left` with the reason; with `strict` they stop the
 * run, all named at once. `leaveOut`: uuids of episodes that are not wanted.
 */
export const listRawEpisodes = task({
  name: 'list-raw-episodes',
  inputs: {
    raw: z.string().min(1),
    successOnly: z.boolean().default(false),
    leaveOut: z.array(z.string()).default([]),
    strict: z.boolean().default(false),
  },
  outputs: { episodes: keyedList(rawEpisode, 'uuid'), left: z.array(leftOut) },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: async ({ raw }) => {
    const { rawFolderState } = await import('./raw-episodes.ts');
    return rawFolderState(raw);
  },
  run: async ({ raw, successOnly, leaveOut, strict }, _out, attempt) => {
    const { listEpisodes } = await import('./raw-episodes.ts');
    return listEpisodes({ raw, successOnly, leaveOut, strict }, (done, total) =>
      attempt.report({ done, total, unit: 'episodes' }),
    );
  },
});
