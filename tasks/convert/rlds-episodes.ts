import { realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { readDatasetInfo, refuseMissingShards, splitOf } from '../formats/rlds/dataset-info.ts';
import { Shard } from '../formats/tfrecord/shard.ts';
import type { LeftOut } from './left-out.ts';
import { type DigestedRecord, leftBy, type SpanInShard } from './rlds-digests.ts';
import type { RldsMapping } from './rlds-mapping.ts';
import { readMapped } from './rlds-record.ts';

/** The shards of a split, files by their paths; of a file that is a link, the file itself. */
export async function shardsOf(
  dataset: string,
  split: string,
): Promise<{ name: string; episodes: number; file: string }[]> {
  const datasetSplit = splitOf(await readDatasetInfo(dataset), split);
  refuseMissingShards(datasetSplit);
  const filled = datasetSplit.shards.filter(({ episodes }) => episodes > 0);
  return Promise.all(
    filled.map(async ({ path, episodes }) => ({ name: basename(path), episodes, file: await realpath(path) })),
  );
}

export interface ShardEpisode {
  readonly name: string;
  readonly record: string;
  readonly steps: number;
  readonly success: boolean;
  readonly instructions: string[];
  readonly place: SpanInShard;
}

/** What the mapping finds in each of the records, images aside. */
export function episodesOfShard(
  path: string,
  records: readonly DigestedRecord[],
  mapping: RldsMapping,
): { episodes: ShardEpisode[]; left: LeftOut[] } {
  const shard = new Shard(path);
  const [episodes, left]: [ShardEpisode[], LeftOut[]] = [[], []];
  try {
    for (const { digest, place } of records) {
      try {
        const { steps, success, instructions, key } = readMapped(shard, place, mapping);
        const name = nameOf(key, digest);
        episodes.push({ name, record: digest, steps, success, instructions: [...instructions], place });
      } catch (error) {
        left.push(leftBy(error, `record ${place.record} of ${shard.name}`));
      }
    }
  } finally {
    shard.close();
  }
  return { episodes, left };
}

/**
 * A name that people recognise: of paths the last four folders (`TRI/success/2023-05-14/Sun_May_14_15:30:58_2023` of
 * DROID), and where there is none, the beginning of the digest.
 */
function nameOf(key: readonly string[], digest: string): string {
  const parts = key.filter((text) => text !== '').map((text) => text.split('/').filter((part) => !isFile(part)));
  const name = parts.map((folders) => folders.slice(-4).join('/')).join('--');
  return name === '' ? digest.slice('sha256:'.length, 'sha256:'.length + 12) : name;
}

function isFile(part: string): boolean {
  return /\.(h5|hdf5|npy|npz|pkl)$/.test(part);
}
