import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { readHdf5 } from '../hdf5/read.ts';
import { type Annotations, defaultInstruction, readAnnotations } from './annotations.ts';
import { type RawCameras, readCameras } from './cameras.ts';
import { type RawColumns, readColumns, stepCountOf } from './columns.ts';
import { episodeFolders, trajectoryFile } from './episode-folders.ts';

export interface RawEpisode {
  /** Its folder, relative to the data folder: `TRI/success/2023-05-14/Sun_May_14_15:30:58_2023`. */
  readonly episode: string;
  /** `<LAB>+<collector>+<date>-<time>`. */
  readonly uuid: string;
  readonly success: boolean;
  readonly stepCount: number;
  /** All instructions that annotators gave, none to three. */
  readonly instructions: readonly string[];
  /** The instruction that openpi's conversion takes: the first, or "Do something". */
  readonly task: string;
  readonly cameras: RawCameras;
  readonly columns: RawColumns;
  readonly metadata: RawMetadata;
}

/** An episode that cannot be converted, and why, in words for the report. */
export interface IncompleteEpisode {
  readonly episode: string;
  readonly reason: string;
  /** The code of the `Problem` behind it. */
  readonly code: string;
}

const RawMetadata = z.looseObject({
  uuid: z.string().optional(),
  lab: z.string().optional(),
  success: z.boolean().optional(),
  current_task: z.string().optional(),
  trajectory_length: z.number().optional(),
});
export type RawMetadata = z.infer<typeof RawMetadata>;

/**
 * The raw DROID episodes below a folder, successes and failures, in the order of their paths, one at a time.
 *
 * What openpi's conversion would stop at or cut short (no metadata, a missing camera, a short video, a damaged
 * trajectory) is given as an `IncompleteEpisode` instead, so that it can be listed and left out.
 */
export async function* readRawEpisodes(root: string): AsyncGenerator<RawEpisode | IncompleteEpisode> {
  const annotations = await readAnnotations(root);
  for await (const episode of episodeFolders(root)) yield await readRawEpisode(root, episode, annotations);
}

/** One episode of `readRawEpisodes`, by its folder. */
export async function readRawEpisode(
  root: string,
  episode: string,
  annotations: Annotations,
): Promise<RawEpisode | IncompleteEpisode> {
  try {
    return await readWhole(root, episode, annotations);
  } catch (error) {
    if (!Problem.is(error)) throw error;
    // Paths from the data folder on: the report is the same wherever the data lies.
    return { episode, reason: error.message.replaceAll(join(root, '/'), ''), code: error.code };
  }
}

async function readWhole(root: string, episode: string, annotations: Annotations): Promise<RawEpisode> {
  const { uuid, metadata } = await readMetadata(join(root, episode), episode);
  const file = readHdf5(join(root, episode, trajectoryFile));
  const stepCount = stepCountOf(file);
  const columns = readColumns(file);
  const cameras = await readCameras({ root, episode, steps: stepCount }, file);
  const instructions = annotations.get(uuid) ?? [];
  return {
    episode,
    uuid,
    success: metadata.success ?? episode.split('/').includes('success'),
    stepCount,
    instructions,
    task: instructions[0] ?? defaultInstruction,
    cameras,
    columns,
    metadata,
  };
}

/** The uuid is from the file's name, as openpi's conversion takes it, not from its content. */
async function readMetadata(folder: string, episode: string): Promise<{ uuid: string; metadata: RawMetadata }> {
  const names = await readdir(folder);
  const name = names.filter((each) => each.startsWith('metadata_') && each.endsWith('.json')).sort()[0];
  if (name === undefined) throw new Problem('metadata-missing', `${episode} has no metadata_<uuid>.json.`);
  const uuid = name.split('.')[0]?.split('_').pop() ?? '';
  try {
    return { uuid, metadata: RawMetadata.parse(JSON.parse(await readFile(join(folder, name), 'utf8'))) };
  } catch (cause) {
    const what = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new Problem('metadata-damaged', `Cannot read ${join(episode, name)}: ${what}.`, { cause });
  }
}
