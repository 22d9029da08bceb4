import { createHash } from 'node:crypto';
import { Problem } from '../../cache/problem.ts';
import { checkData, type RecordSpan, recordsOf } from '../formats/tfrecord/records.ts';
import { Shard } from '../formats/tfrecord/shard.ts';
import type { LeftOut } from './left-out.ts';

/** Where a record lies in its shard. */
export interface SpanInShard {
  readonly record: number;
  /** First byte of its data, after the framing. */
  readonly start: number;
  readonly length: number;
}

export interface DigestedRecord {
  readonly digest: string;
  readonly place: SpanInShard;
}

/** Reads a shard in full, which should hold `episodes` records: their digests, and which of them are damaged. */
export function digestsOf(
  { path, episodes }: { path: string; episodes: number },
  onRecord: (done: number) => void = () => {},
): { records: DigestedRecord[]; left: LeftOut[] } {
  const shard = new Shard(path);
  const [records, left]: [DigestedRecord[], LeftOut[]] = [[], []];
  let recordCount = 0;
  try {
    for (const span of recordsOf(shard)) {
      recordCount += 1;
      try {
        records.push({ digest: digestRecord(shard, span), place: spanInShard(span) });
      } catch (error) {
        left.push(leftBy(error, `record ${span.record} of ${shard.name}`));
      }
      onRecord(recordCount);
    }
    if (recordCount !== episodes) throw wrongCount(shard, recordCount, episodes);
  } catch (error) {
    left.push(leftBy(error, `what follows record ${recordCount - 1} of ${shard.name}`));
  } finally {
    shard.close();
  }
  return { records, left };
}

/** `sha256:` and the digest of the record's data, whose checksum is compared too. */
export function digestRecord(shard: Shard, span: RecordSpan): string {
  const hash = createHash('sha256');
  checkData(shard, span, (chunk) => hash.update(chunk));
  return `sha256:${hash.digest('hex')}`;
}

export function leftBy(error: unknown, episode: string): LeftOut {
  if (!Problem.is(error)) throw error;
  return { episode, reason: error.message, code: error.code };
}

function spanInShard({ record, start, length }: RecordSpan): SpanInShard {
  return { record, start, length };
}

function wrongCount({ name }: Shard, recordCount: number, episodes: number): Problem {
  return new Problem('shard-truncated', `${name} has ${recordCount} records; by dataset_info.json it has ${episodes}.`);
}
