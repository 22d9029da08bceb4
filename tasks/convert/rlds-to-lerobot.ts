import type { CallOptions } from '../core/task.ts';
import { assembleDataset } from './assemble-dataset.ts';
import { convertRldsEpisode } from './convert-rlds-episode.ts';
import { digestRecords, gatherRldsEpisodes, listRldsShards, listShardEpisodes } from './list-rlds-episodes.ts';
import { droidMapping, type RldsMapping } from './rlds-mapping.ts';

type Listing = Parameters<typeof listRldsShards>[0];
type Gathering = Omit<Parameters<typeof gatherRldsEpisodes>[0], 'shards' | 'mapping'>;
type Converting = Pick<Parameters<typeof convertRldsEpisode>[0], 'images' | 'codec'>;
type Assembling = Pick<Parameters<typeof assembleDataset>[0], 'version'>;

/**
 * RLDS episodes as one LeRobot dataset, in the order of their names. `mapping` says which features become which; by
 * default those of DROID, as openpi's conversion of raw episodes names them.
 *
 * Each episode is a node of its own, which depends on its record and nothing else: other shards, other places and further
 * episodes convert nothing again. `left` are the episodes that could not be used, with the reason.
 */
export function rldsToLerobot(
  {
    dataset,
    split,
    mapping = droidMapping(),
    images,
    codec,
    version,
    ...gathering
  }: Listing & Gathering & Converting & Assembling & { mapping?: RldsMapping },
  options: CallOptions = {},
) {
  const shards = listRldsShards({ dataset, split }).shards.each((shard) => {
    const file = shard.at('file');
    const { records, left: damaged } = digestRecords({ file, episodes: shard.at('episodes') });
    return { file, damaged, ...listShardEpisodes({ file, records, mapping }) };
  });
  const { episodes, left } = gatherRldsEpisodes({ shards, mapping, ...gathering });
  const parts = episodes.each((episode) => {
    const source = { record: episode.at('record'), shard: episode.at('shard'), place: episode.at('place') };
    return convertRldsEpisode({ ...source, task: episode.at('task'), mapping, images, codec }, options).part;
  });
  return { dataset: assembleDataset({ parts, version }).dataset, left };
}
