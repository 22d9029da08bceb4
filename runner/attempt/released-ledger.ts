import { dirname } from 'node:path';
import { isTable, type Json } from '../../cache/canonical-json.ts';
import { syncAll } from '../../cache/durable.ts';
import { Problem } from '../../cache/problem.ts';
import { artifactsIn, isStoredArtifact } from '../../cache/records.ts';
import { appendJsonLine, readJsonLines } from '../files/json-lines.ts';

/** An item of a stream, noted down when it was released: later attempts have it too, also when its program has deleted it since. */
export interface Released {
  readonly output: string;
  readonly key: string;
  readonly value: Json;
  /** Where it lay below the output's folder; absent in older ledgers. */
  readonly place?: string;
}

/** Its line is on the disk when this ends: its program may delete it as soon as it was told of. */
export async function noteReleased(ledger: string, released: Released): Promise<void> {
  appendJsonLine(ledger, released);
  await syncAll([ledger, dirname(ledger), dirname(dirname(ledger))]);
}

/** What earlier attempts released. An item whose line a killed driver left torn, or that a job put something else over, is found again. */
export function readReleased(ledger: string): Released[] {
  try {
    return readJsonLines(ledger, asReleased);
  } catch (error) {
    if (Problem.is(error)) return []; // no file: whoever notes the next item says so
    throw error;
  }
}

function asReleased(line: unknown): Released | undefined {
  const isReleased =
    isTable(line) &&
    typeof line.output === 'string' &&
    typeof line.key === 'string' &&
    'value' in line &&
    artifactsIn(line.value as Json).every(isStoredArtifact);
  return isReleased ? (line as unknown as Released) : undefined;
}
