import type { CallOptions } from '../core/task.ts';
import { assembleDataset } from './assemble-dataset.ts';
import { convertRawEpisode } from './convert-raw-episode.ts';
import { listRawEpisodes } from './list-raw-episodes.ts';

type Listing = Parameters<typeof listRawEpisodes>[0];
type Converting = Pick<Parameters<typeof convertRawEpisode>[0], 'actionSpace' | 'images' | 'codec'>;
type Assembling = Pick<Parameters<typeof assembleDataset>[0], 'version'>;

/**
 * Raw DROID recordings below the folder `raw` as one LeRobot dataset, as openpi's conversion makes it, in the order of
 * uuids. Each episode is a node of its own: episodes that were converted before, here or elsewhere, are not converted
 * again, and a stopped conversion goes on where it was.
 *
 * `left` are the episodes that could not be used, with the reason.
 */
export function droidToLerobot(
  { actionSpace, images, codec, version, ...listing }: Listing & Converting & Assembling,
  options: CallOptions = {},
) {
  const { episodes, left } = listRawEpisodes(listing);
  const settings = { actionSpace, images, codec };
  const parts = episodes.each((episode) => {
    const files = {
      trajectory: episode.at('trajectory'),
      wrist: episode.at('wrist'),
      exterior1: episode.at('exterior1'),
      exterior2: episode.at('exterior2'),
    };
    return convertRawEpisode({ ...files, task: episode.at('task'), ...settings }, options).part;
  });
  const { dataset } = assembleDataset({ parts, version });
  return { dataset, left };
}
