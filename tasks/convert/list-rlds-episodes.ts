import { z } from 'zod';
import { keyedList, task } from '../core/task.ts';
import { rldsDataset } from '../kinds/rlds-dataset.ts';
import { rldsShard } from '../kinds/files-in-place.ts';
import { leftOut } from './left-out.ts';
import { rldsMapping } from './rlds-mapping.ts';

const shard = z.object({
  /** Of the file. */
  name: z.string(),
  /** By `dataset_info.json`. */
  episodes: z.int().min(0),
  file: rldsShard,
});

/** The shards of a split, each a file that counts for itself. */
export const listRldsShards = task({
  name: 'list-rlds-shards',
  inputs: { dataset: rldsDataset, split: z.string().default('train') },
  outputs: { shards: keyedList(shard, 'name') },
  run: async ({ dataset, split }) => {
    const { shardsOf } = await import('./rlds-episodes.ts');
    return { shards: await shardsOf(dataset.path, split) };
  },
});

/** Where a record lies in its shard: its first byte after the framing, and its length in bytes. */
const spanInShard = z.object({ record: z.int().min(0), start: z.int().min(0), length: z.int().min(0) });

const digestedRecord = z.object({
  /** `sha256:` and the digest of the record's bytes, which is what a conversion depends on. */
  digest: z.string(),
  place: spanInShard,
});

/** Reads a shard in full, once: the digest of every record. Damaged records are in `left`. */
export const digestRecords = task({
  name: 'digest-records',
  inputs: { file: rldsShard, episodes: z.int().min(0) },
  outputs: { records: z.array(digestedRecord), left: z.array(leftOut) },
  run: async ({ file, episodes }, _out, attempt) => {
    const { digestsOf } = await import('./rlds-digests.ts');
    return digestsOf({ path: file.path, episodes }, (done) =>
      attempt.report({ done, total: episodes, unit: 'episodes' }),
    );
  },
});

const shardEpisode = z.object({
  /** What the mapping names the episode by. */
  name: z.string(),
  record: z.string(),
  steps: z.int().min(1),
  success: z.boolean(),
  /** All that the mapping names, in its order; those that are not there are ''. */
  instructions: z.array(z.string()),
  place: spanInShard,
});

/** The episodes of a shard, without their images. Those that lack what the mapping asks for are in `left`. */
export const listShardEpisodes = task({
  name: 'list-shard-episodes',
  inputs: { file: rldsShard, records: z.array(digestedRecord), mapping: rldsMapping },
  outputs: { episodes: z.array(shardEpisode), left: z.array(leftOut) },
  run: async ({ file, records, mapping }) => {
    const { episodesOfShard } = await import('./rlds-episodes.ts');
    return episodesOfShard(file.path, records, mapping);
  },
});

const rldsEpisode = z.object({
  key: z.string(),
  record: z.string(),
  steps: z.int().min(1),
  /** What was to be done, in words. */
  task: z.string(),
  shard: rldsShard,
  place: spanInShard,
});

/**
 * The episodes of all shards, under names of their own, and what could not be used; with `strict` that stops the run, all
 * named at once. A record that occurs twice is one episode.
 *
 * `instruction`: which of the mapping's texts is the task, from 1; by default the first that is not empty.
 */
export const gatherRldsEpisodes = task({
  name: 'gather-rlds-episodes',
  inputs: {
    shards: z.array(
      z.object({
        file: rldsShard,
        episodes: z.array(shardEpisode),
        left: z.array(leftOut),
        damaged: z.array(leftOut),
      }),
    ),
    mapping: rldsMapping,
    instruction: z.int().min(1).optional(),
    successOnly: z.boolean().default(false),
    leaveOut: z.array(z.string()).default([]),
    strict: z.boolean().default(false),
  },
  outputs: { episodes: keyedList(rldsEpisode, 'key'), left: z.array(leftOut) },
  run: async (inputs) => {
    const { gatherEpisodes } = await import('./rlds-gather.ts');
    return gatherEpisodes(inputs);
  },
});
