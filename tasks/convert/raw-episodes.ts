import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { digestJson } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import { annotationsFile } from '../formats/droid-raw/annotations.ts';
import { episodeFolders, trajectoryFile } from '../formats/droid-raw/episode-folders.ts';
import type { RawCamera } from '../formats/droid-raw/cameras.ts';
import { type RawEpisode, readRawEpisodes } from '../formats/droid-raw/read.ts';
import type { LeftOut } from './left-out.ts';
import { refuseLeftOut, refuseNone, refuseUnknownNames } from './refuse-left-out.ts';

/** Sizes and times of the files that a listing looks at: planning must not read them. */
export async function rawFolderState(raw: string): Promise<string> {
  const root = await dataFolder(raw);
  const files: unknown[] = [await fileState(root, annotationsFile)];
  for await (const episode of episodeFolders(root)) {
    for (const folder of [episode, `${episode}/recordings/MP4`]) {
      const names = await readdir(join(root, folder)).catch(() => []); // no recordings: that is its state
      for (const name of names.sort()) files.push(await fileState(root, `${folder}/${name}`));
    }
  }
  return digestJson(files);
}

async function fileState(root: string, name: string): Promise<unknown> {
  const stats = await stat(join(root, name), { bigint: true }).catch(() => undefined); // not there: that is its state
  return stats?.isFile() ? [name, Number(stats.size), `${stats.mtimeNs}`, `${stats.ctimeNs}`] : [name];
}

interface Request {
  readonly raw: string;
  readonly successOnly: boolean;
  /** Uuids or folders. */
  readonly leaveOut: readonly string[];
  readonly strict: boolean;
}

/** What `listRawEpisodes` gives; `onEpisode` is told how many were looked at, and how many there are. */
export async function listEpisodes(
  { raw, successOnly, leaveOut, strict }: Request,
  onEpisode: (done: number, total: number) => void,
): Promise<{ episodes: ListedEpisode[]; left: LeftOut[] }> {
  const root = await dataFolder(raw);
  const unwanted = new Set(leaveOut);
  const named = new Set<string>();
  const byUuid = new Map<string, RawEpisode>();
  const left: LeftOut[] = [];
  const total = await countEpisodes(root);
  let done = 0;
  for await (const recording of readRawEpisodes(root)) {
    done += 1;
    onEpisode(done, total);
    const names = 'uuid' in recording ? [recording.uuid, recording.episode] : [recording.episode];
    for (const name of names) named.add(name);
    if (names.some((name) => unwanted.has(name))) continue;
    const first = 'uuid' in recording ? byUuid.get(recording.uuid) : undefined;
    if (!('uuid' in recording)) left.push(recording);
    else if (first) left.push(sameUuid(recording, first));
    else if (recording.success || !successOnly) byUuid.set(recording.uuid, recording);
  }
  refuseUnknownNames(leaveOut, named, root);
  if (strict) refuseLeftOut(left);
  refuseNone(byUuid.size, left, root);
  const episodes = await Promise.all([...byUuid.values()].map((episode) => listed(root, episode)));
  return { episodes, left };
}

async function countEpisodes(root: string): Promise<number> {
  let count = 0;
  for await (const _folder of episodeFolders(root)) count += 1;
  return count;
}

async function dataFolder(raw: string): Promise<string> {
  const root = resolve(raw);
  const stats = await stat(root).catch(() => undefined); // not there: said below
  if (stats?.isDirectory()) return root;
  throw new Problem('path-missing', `There is no folder at "${raw}" (${root}).`, {
    hint: 'Give the folder with the recordings and their instructions; an absolute path works from everywhere.',
  });
}

function sameUuid({ episode, uuid }: RawEpisode, first: RawEpisode): LeftOut {
  return { episode, reason: `It has the uuid of ${first.episode}, ${uuid}.`, code: 'episode-twice' };
}

/** As `listRawEpisodes` returns it: files by their paths. */
interface ListedEpisode {
  readonly uuid: string;
  readonly success: boolean;
  readonly steps: number;
  readonly task: string;
  readonly trajectory: string;
  readonly wrist: string;
  readonly exterior1: string;
  readonly exterior2: string;
}

/** Of a file that is a link, the file itself: it is what stays where it lies. */
async function listed(
  root: string,
  { uuid, success, stepCount, task, episode, cameras }: RawEpisode,
): Promise<ListedEpisode> {
  const video = (camera: RawCamera): Promise<string> => realpath(join(root, camera.video));
  return {
    uuid,
    success,
    steps: stepCount,
    task,
    trajectory: await realpath(join(root, episode, trajectoryFile)),
    wrist: await video(cameras.wrist),
    exterior1: await video(cameras.exterior1),
    exterior2: await video(cameras.exterior2),
  };
}
