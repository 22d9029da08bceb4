import { z } from 'zod';
import { keyedList, task } from '../core/task.ts';
import { droidRecording, droidTrajectory } from '../kinds/files-in-place.ts';
import { folder } from '../kinds/folder.ts';
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
 * The raw DROID episodes below the folder `raw`, with the four files that a conversion reads. Files of the user's stay where
 * they lie. All count by content, each for itself: new, moved or edited ones change nothing for the others.
 *
 * Episodes that openpi's conversion would stop at or cut short are in `left` with the reason; with `strict` they stop the
 * run, all named at once. `leaveOut`: uuids of episodes that are not wanted.
 */
export const listRawEpisodes = task({
  name: 'list-raw-episodes',
  inputs: {
    /** A path of the user's, or a folder that a task made or fetched. */
    raw: z.union([z.string().min(1), folder]),
    successOnly: z.boolean().default(false),
    leaveOut: z.array(z.string()).default([]),
    strict: z.boolean().default(false),
  },
  outputs: { episodes: keyedList(rawEpisode, 'uuid'), left: z.array(leftOut) },
  cwd: () => process.cwd(), // a relative path is the user's
  observe: async ({ raw }) => {
    if (typeof raw !== 'string') return null; // its content counts already
    const { rawFolderState } = await import('./raw-episodes.ts');
    return rawFolderState(raw);
  },
  run: async ({ raw, successOnly, leaveOut, strict }, _out, attempt) => {
    const { listEpisodes } = await import('./raw-episodes.ts');
    const path = typeof raw === 'string' ? raw : raw.path;
    return listEpisodes({ raw: path, successOnly, leaveOut, strict }, (done, total) =>
      attempt.report({ done, total, unit: 'episodes' }),
    );
  },
});
