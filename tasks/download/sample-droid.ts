import { z } from 'zod';
import { program } from '../core/needs.ts';
import { task } from '../core/task.ts';
import { folder } from '../kinds/folder.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';

const size = z.int().min(16).max(4096).multipleOf(2);

/**
 * Made-up data in the shape of DROID 1.0.1: an arm that picks up blocks and puts them down, in pictures that show it.
 *
 * Schema, names, rates and paths are those of the release; idle stretches, failures and missing instructions are in it.
 * Equal inputs give equal bytes on every machine.
 */
export const sampleDroidRlds = task({
  name: 'sample-droid-rlds',
  inputs: {
    episodes: z.int().min(1).default(24),
    /** Control steps of an episode on average, 15 a second; DROID has about 290. */
    meanSteps: z.int().min(60).default(120),
    shards: z.int().min(1).default(4),
    /** Bytes that a picture is to take, about, by adding noise; those of DROID take 10 to 15 kB. Without it, about 6 kB. */
    imageBytes: z.int().min(7000).max(40_000).optional(),
    seed: z.int().min(0).default(0),
  },
  outputs: { dataset: rldsDataset },
  run: async (plan, out, attempt) => {
    const { writeSampleRlds } = await import('../envs/droid-sample/write-rlds.ts');
    await writeSampleRlds(out.dataset, plan, attempt);
    return { dataset: out.dataset };
  },
});

/**
 * The same made-up episodes as raw DROID has them: folders with metadata, `trajectory.h5` and three videos, and the
 * language file beside.
 *
 * Equal inputs give equal bytes with the same ffmpeg.
 */
export const sampleDroidRaw = task({
  name: 'sample-droid-raw',
  inputs: {
    episodes: z.int().min(1).default(8),
    /** Control steps of an episode on average, 15 a second; DROID has about 290. */
    meanSteps: z.int().min(60).default(120),
    /** Pixels; the release has 1280 x 720. */
    videoSize: z.object({ width: size, height: size }).default({ width: 320, height: 180 }),
    /** Adds four episodes that cannot be used: one without metadata, one without a camera, one with a short video, one with a damaged trajectory. */
    incomplete: z.boolean().default(false),
    seed: z.int().min(0).default(0),
  },
  outputs: { raw: folder },
  needs: [program('ffmpeg', 'Debian and Ubuntu: apt-get install -y ffmpeg. macOS: brew install ffmpeg.')],
  run: async (plan, out, attempt) => {
    const { writeSampleRaw } = await import('../envs/droid-sample/write-raw.ts');
    await writeSampleRaw(out.raw, plan, attempt);
    return { raw: out.raw };
  },
});
