import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../../cache/problem.ts';
import { recordProblem, Shard } from '../tfrecord/shard.ts';
import { type RecordSpan, recordsOf } from '../tfrecord/records.ts';
import { readDatasetInfo, refuseMissingShards, type ShardFile, splitOf } from './dataset-info.ts';
import { featureOf, readFeatures } from './features.ts';
import type { Ask, Episode, RecordsRead, Skipped } from './read-record.ts';
import { startReaders } from './threads.ts';

export type { Episode, Skipped } from './read-record.ts';

export interface ReadOptions {
  /** Features to read, by the names in records; nothing else is read from disk. */
  readonly features: readonly string[];
  /** Features of which only the first byte string is read: instructions repeat at each step. */
  readonly firstOf?: readonly string[];
  readonly split?: string;
  /** Threads that read; the episodes and their order do not depend on it. */
  readonly workers?: number;
  /** Compare the checksum of all data too, for which all of it is read. Lengths are always checked. */
  readonly checkData?: boolean;
  /** Called for each damaged record, which is then left out; without it the first one is thrown. */
  readonly onSkip?: (skipped: Skipped) => void;
  /** Called now and then with the bytes that were read since the last call. */
  readonly onBytes?: (count: number) => void;
}

/**
 * Episodes of a TFDS folder of RLDS episodes, in file order.
 *
 * What was not asked for is skipped by position: of DROID, of which images are 99 %, little more than the asked numbers is
 * read. Memory does not grow with the dataset.
 */
export async function* readEpisodes(folder: string, options: ReadOptions): AsyncGenerator<Episode> {
  const ask = await askFor(folder, options);
  const split = splitOf(await readDatasetInfo(folder), options.split ?? 'train');
  refuseMissingShards(split);
  const onBytes = (count: number): void => options.onBytes?.(count);

  const readers = await startReaders(ask, options.workers ?? 1);
  const jobs = jobsOf(split.shards, ask, onBytes);
  const pendingReads: Promise<RecordsRead>[] = [];
  try {
    for (;;) {
      while (pendingReads.length < readers.jobsAtOnce) {
        const { value: job } = jobs.next();
        if (!job) break;
        const read = 'skipped' in job ? Promise.resolve(onlySkipped(job.skipped)) : readers.read(job);
        read.catch(() => undefined); // it is awaited in its turn, and its failure thrown there
        pendingReads.push(read);
      }
      const read = await pendingReads.shift();
      if (!read) return;
      onBytes(read.bytesRead);
      for (const skipped of read.skipped) options.onSkip?.(skipped);
      yield* read.episodes;
      await setImmediate(); // reading blocks; let progress and signals through
    }
  } finally {
    jobs.return(undefined); // closes the shard that is being listed
    await readers.close();
  }
}

async function askFor(folder: string, options: ReadOptions): Promise<Ask> {
  const features = await readFeatures(folder);
  const first = options.firstOf ?? [];
  return {
    features: [
      ...options.features.map((name) => ({ name, ...featureOf(features, name), firstOnly: false })),
      ...first.map((name) => ({ name, ...featureOf(features, name), firstOnly: true })),
    ],
    checkData: options.checkData ?? false,
    skipBadRecords: options.onSkip !== undefined,
  };
}

/** Records in a job: enough to be worth a message, few enough to fit into memory many times. */
const recordsPerJob = 16;

/** What cannot be found goes the same way as what is read, so that problems come in file order too. */
type Job = { readonly path: string; readonly records: readonly RecordSpan[] } | { readonly skipped: Skipped };

function* jobsOf(shards: readonly ShardFile[], ask: Ask, onBytes: (count: number) => void): Generator<Job, undefined> {
  const perJob = ask.features.some(({ isImage, firstOnly }) => isImage && !firstOnly) ? 1 : recordsPerJob;
  for (const file of shards) {
    let records: RecordSpan[] = [];
    let skipped: Skipped | undefined;
    for (const spanOrSkipped of countedRecords(file, ask.skipBadRecords, onBytes)) {
      if ('code' in spanOrSkipped) skipped = spanOrSkipped;
      else records.push(spanOrSkipped);
      if (records.length < perJob) continue;
      yield { path: file.path, records };
      records = [];
    }
    if (records.length > 0) yield { path: file.path, records };
    if (skipped) yield { skipped };
  }
}

function onlySkipped(skipped: Skipped): RecordsRead {
  return { episodes: [], skipped: [skipped], bytesRead: 0 };
}

/**
 * The records of a shard, which must be as many as the dataset says: a file that ends between two looks whole. What makes
 * the rest unreadable comes last, when it is to be skipped.
 */
function* countedRecords(
  file: ShardFile,
  skipBadRecords: boolean,
  onBytes: (count: number) => void,
): Generator<RecordSpan | Skipped> {
  const shard = new Shard(file.path);
  let [recordCount, end] = [0, 0];
  try {
    for (const span of recordsOf(shard)) {
      if (recordCount === file.episodes) throw wrongCount(shard, file, recordCount + 1, span.offset);
      yield span;
      recordCount += 1;
      end = span.start + span.length + 4;
    }
    if (recordCount < file.episodes) throw wrongCount(shard, file, recordCount, end);
  } catch (error) {
    if (!skipBadRecords || !Problem.is(error)) throw error;
    const { code, message } = error;
    const records = Math.max(0, file.episodes - recordCount);
    yield { shard: shard.name, record: recordCount, offset: end, records, code, message };
  } finally {
    onBytes(shard.bytesRead);
    shard.close();
  }
}

function wrongCount(shard: Shard, { episodes }: ShardFile, recordCount: number, offset: number): Problem {
  const what =
    recordCount < episodes
      ? `the file ends before it, after ${recordCount} of ${episodes} records`
      : `there should be ${episodes} records only, by dataset_info.json`;
  const code = recordCount < episodes ? 'shard-truncated' : 'too-many-records';
  const record = Math.min(recordCount, episodes);
  return recordProblem(code, { shard: shard.name, record, offset }, what, {
    hint: 'The shard or dataset_info.json is not of this dataset, or was not fetched in full.',
  });
}
