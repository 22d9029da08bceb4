import type { Digest } from '../../cache/digest.ts';
import type { NodeRecord } from '../../cache/records.ts';
import type { Store } from '../../cache/store.ts';
import { fitRecord } from '../keys/fit-record.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { oldResult } from '../words/accepted.ts';
import { isWhole } from '../values/cache-hit.ts';
import type { History } from './history.ts';

/** What is to become of a call. */
export type Verdict =
  | { readonly is: 'hit'; readonly record: NodeRecord }
  /** It is the same as another call that runs, and takes what that gives. */
  | { readonly is: 'shared'; readonly owner: string }
  | { readonly is: 'run'; readonly isForced: boolean; readonly reason: string };

export const forcedInWords = 'it was asked for with --force';

export interface LookUpTools {
  readonly store: Store;
  readonly history: History;
  /** To run whatever is known of it. */
  readonly isForced: (call: KeyedCall) => boolean;
  /** The address of a call that runs and has this fingerprint too. */
  readonly ownerOf: (fingerprint: Digest) => string | undefined;
}

/**
 * Decides whether calls are known, and why they run when they are not: for `plan` and for the driver alike, so that what the
 * one says is what the other does. Verdicts come one by one, so that a call can be the owner of the next.
 */
export async function* lookUp(
  calls: readonly KeyedCall[],
  { store, history, isForced, ownerOf }: LookUpTools,
): AsyncGenerator<readonly [KeyedCall, Verdict]> {
  if (calls.length === 0) return;
  const records = await store.records.getMany(calls.map(({ fingerprint }) => fingerprint));
  for (const [i, call] of calls.entries()) {
    const owner = ownerOf(call.fingerprint);
    const record = records[i];
    const forced = isForced(call);
    if (owner !== undefined) yield [call, { is: 'shared', owner }];
    else {
      const fitted = record && !forced && isWhole(store, record) ? await fitRecord(store, call, record) : undefined;
      if (typeof fitted === 'object') {
        yield [call, { is: 'hit', record: fitted }];
        continue;
      }
      const reason = forced
        ? forcedInWords
        : record
          ? (fitted ?? 'its stored result is damaged')
          : (lostAcceptance(store, call.fingerprint) ?? (await history.reason(call)));
      yield [call, { is: 'run', isForced: forced, reason }];
    }
  }
}

/** For a call whose result was accepted, and is gone or was taken back where it came from. */
function lostAcceptance({ accepted }: Store, fingerprint: Digest): string | undefined {
  const statement = accepted.find(fingerprint);
  return statement && `it was accepted as the same as ${oldResult(statement)}, which is no longer in the store`;
}
