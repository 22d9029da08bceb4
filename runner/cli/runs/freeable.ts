import { collectGarbage, type CollectOptions } from '../../../cache/collect.ts';
import type { Store } from '../../../cache/store.ts';
import { sizeInWords } from '../../../tasks/core/size-in-words.ts';
import { inStore } from '../../views/suggest.ts';
import { count } from '../../words/quantities.ts';
import { inUse, newestRuns } from './in-use.ts';
import { sweepLeft } from './left-outputs.ts';

/** For so long results of runs are kept when nobody says otherwise, in days. */
export const usualDays = 30;

/** What of streams may go: not what a live run may still take. */
export function olderCheckpoints({ root }: Store, keep: number): CollectOptions['streams'] {
  return { keep, live: inUse(root, Infinity) };
}

/** For whoever has no room left: how much each way of collecting would free. `run` is the one that has just ended. */
export async function freeableLines(store: Store, run: string, storeFolder: string | undefined): Promise<string[]> {
  try {
    const used = inUse(store.root, Date.now() - usualDays * 86_400_000, { ended: run });
    const keep = { keep: used.fingerprints, keepTrees: used.trees };
    const results = await collectGarbage(store, { ...keep, dryRun: true });
    const left = sweepLeft(store.root, { inUse: used, failedBefore: Infinity, dryRun: true });
    const ofLast = inUse(store.root, Infinity, { ended: run, also: newestRuns(store.root, 1) });
    const older = await collectGarbage(store, { keep: ofLast.fingerprints, keepTrees: ofLast.trees, dryRun: true });
    const streams = { keep: 1, live: inUse(store.root, Infinity, { ended: run }) };
    const checkpoints = await collectGarbage(store, { ...keep, streams, dryRun: true });
    const command = (options: string): string => `pipeline cache collect${options}${inStore(storeFolder)}`;
    return [
      'What would free room on the disk of the store:',
      `  ${sizeInWords(results.bytes)} in results that no run of the last ${usualDays} days used: ${command('')}`,
      `  ${sizeInWords(older.bytes)} in results that the last run of each pipeline did not use: ${command(' --keep-last 1')}`,
      `  ${sizeInWords(checkpoints.bytes - results.bytes)} in all but the last checkpoints: ${command(' --keep-checkpoints 1')}`,
      `  ${sizeInWords(left.bytes)} left by ${count(left.count, 'failed attempt')}: ${command(' --failed-older-than 0')}`,
    ];
  } catch {
    return []; // on a full disk not even this need work; the failure itself has been told
  }
}
