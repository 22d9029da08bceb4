import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { messageOf, Problem } from '../../../cache/problem.ts';
import type { RecordSpan } from '../tfrecord/records.ts';
import { type Ask, type Episode, readRecords, type RecordsRead } from './read-record.ts';

/** What a thread is asked for, one after the other. */
export interface RecordsJob {
  readonly path: string;
  readonly records: readonly RecordSpan[];
}

/** What a thread says to each job, in their order. */
export type RecordsReply =
  | { readonly type: 'read'; readonly read: RecordsRead }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly hint: string | undefined };

/** Tells other threads, of test runners for example, that import this module too. */
export interface RecordsThread {
  readonly rldsAsk: Ask;
}

/** Reads here, without a thread. */
export function readHere({ path, records }: RecordsJob, ask: Ask): RecordsRead {
  return readRecords(path, records, ask);
}

function serve(ask: Ask): void {
  parentPort?.on('message', (job: RecordsJob) => {
    try {
      const read = readHere(job, ask);
      parentPort?.postMessage({ type: 'read', read } satisfies RecordsReply, read.episodes.flatMap(buffersOf));
    } catch (error) {
      const { code, hint } = Problem.is(error) ? error : { code: 'reader-crashed', hint: undefined };
      parentPort?.postMessage({ type: 'failed', code, message: messageOf(error), hint } satisfies RecordsReply);
    }
  });
}

/** Handed over instead of copied. Byte strings are small, or many: they are copied. */
function buffersOf({ floats, ints }: Episode): ArrayBuffer[] {
  return [...Object.values(floats), ...Object.values(ints)].map(({ buffer }) => buffer);
}

function isThread(value: unknown): value is RecordsThread {
  return typeof value === 'object' && value !== null && 'rldsAsk' in value;
}

if (!isMainThread && isThread(workerData)) serve(workerData.rldsAsk);
