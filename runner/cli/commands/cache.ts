import { join } from 'node:path';
import { verifyCode } from '../../../cache/code/verify-code.ts';
import { collectGarbage } from '../../../cache/collect.ts';
import type { Store } from '../../../cache/store.ts';
import { verifyStore } from '../../../cache/verify.ts';
import { listRuns } from '../../log/run-log.ts';
import { openStoreOnly } from '../../project/session.ts';
import { paint } from '../../views/paint.ts';
import { sizeInWords } from '../../../tasks/core/size-in-words.ts';
import { count, duration } from '../../words/quantities.ts';
import { table } from '../../views/table.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import { olderCheckpoints, usualDays } from '../runs/freeable.ts';
import { inUse, newestRuns } from '../runs/in-use.ts';
import { sweepLeft } from '../runs/left-outputs.ts';
import { findRemoval, remove } from '../runs/removal.ts';
import { type Share, storeSizes } from '../runs/store-sizes.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';

export async function cache(io: Io, [command, name = '']: readonly string[], options: Options): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    if (command === 'verify') return await verify(io, store);
    if (command === 'collect') return await collect(io, store, options as unknown as CollectRequest);
    if (command === 'remove') return await removeNamed(io, store, name, options);
    return await stat(io, store);
  } finally {
    await store.close();
  }
}

async function stat(io: Io, store: Store): Promise<number> {
  let [blobs, size] = [0, 0];
  for (const digest of store.blobs.list()) {
    blobs += 1;
    size += store.blobs.stat(digest)?.size ?? 0;
  }
  const { records, byTask, byRun } = await storeSizes(store);
  const rows = [
    ['store', store.root],
    ['records', `${records} in ${store.records.place}`],
    ['files', `${blobs}, ${sizeInWords(size)}`],
    ['runs', String(listRuns(store.root).length)],
  ];
  for (const line of table(rows)) io.print(line);
  const { dim } = paint(io.stdout.hasColor);
  for (const [title, shares] of [
    ['records by task', byTask],
    ['records by run', byRun],
  ] as const) {
    if (shares.size > 0) io.print(dim(title));
    for (const line of shareLines(shares)) io.print(line);
  }
  return exitCodes.fine;
}

/** So many that hold most are shown. */
const shownShares = 20;

function shareLines(shares: ReadonlyMap<string, Share>): string[] {
  const largest = [...shares].sort(
    ([nameA, a], [nameB, b]) => b.bytes - a.bytes || b.records - a.records || (nameA < nameB ? -1 : 1),
  );
  const shown = largest.slice(0, shownShares);
  const rest = largest.length - shown.length;
  const rows = shown.map(([name, { records, bytes }]) => [`  ${name}`, String(records), sizeInWords(bytes)]);
  return [...table(rows), ...(rest > 0 ? [`  … and ${rest} that hold less`] : [])];
}

/** What is damaged is no failure of a node, yet scripts must see it. */
async function verify(io: Io, store: Store): Promise<number> {
  const wrongCode = verifyCode(join(store.root, 'code'));
  const report = await verifyStore(store, { onProgress: progressOn(io) });
  for (const { digest, movedTo } of report.wrongBlobs)
    io.print(`damaged file ${digest}${movedTo ? `, moved to ${movedTo}` : ''}`);
  for (const { place, what } of wrongCode)
    io.print(`damaged code ${place}: ${what}; it is made again when it is needed`);
  for (const { fingerprint, reason } of report.damagedRecords) io.print(`damaged record ${fingerprint}: ${reason}`);
  for (const { task, fingerprint } of report.incompleteRecords)
    io.print(`incomplete result of ${task} (${fingerprint}): it runs again when it is needed`);
  for (const { fingerprint, reason } of report.damagedStatements)
    io.print(`damaged statement that ${fingerprint} is accepted: ${reason}; it counts for nothing`);
  for (const { task, fingerprint } of report.emptyStatements)
    io.print(`accepted for ${task} (${fingerprint}), and the old result is gone: it runs when it is needed`);
  const { wrongBlobs, damagedRecords, incompleteRecords, damagedStatements } = report;
  const lists = [wrongCode, wrongBlobs, damagedRecords, incompleteRecords, damagedStatements];
  const wrong = lists.reduce((sum, { length }) => sum + length, 0);
  io.print(
    `${count(report.blobs, 'file')} (${sizeInWords(report.bytes)}) and ${count(report.records, 'record')} checked: ${wrong === 0 ? 'all is well' : `${wrong} wrong`}`,
  );
  return wrong === 0 ? exitCodes.fine : exitCodes.nodeFailed;
}

function progressOn({ stderr }: Io): (done: number, total: number) => void {
  if (!stderr.isLive) return () => {};
  let last = 0;
  return (done, total) => {
    const now = performance.now();
    if (now - last < 100 && done < total) return;
    last = now;
    stderr.write(`\rchecking ${done} of ${total}\x1b[K${done === total ? '\r\x1b[K' : ''}`);
  };
}

/** What a person names goes at once; what it means for later runs is said. */
async function removeNamed(io: Io, store: Store, name: string, { dryRun }: Options): Promise<number> {
  const isDry = dryRun === true;
  const removal = await findRemoval(store, name);
  const bytes = await remove(store, removal, { dryRun: isDry });
  const { records, runs, shared } = removal;
  const what = [
    ...(records.length > 0 || runs.length === 0 ? [count(records.length, 'result')] : []),
    ...(runs.length > 0 ? [count(runs.length, 'run')] : []),
  ];
  io.print(`${isDry ? 'Would delete' : 'Deleted'} ${what.join(' and ')}: ${sizeInWords(bytes)}.`);
  const seconds = records.reduce((sum, { provenance }) => sum + provenance.seconds, 0);
  if (records.length > 0) io.print(`What needs them makes them again; that took ${duration(seconds)}.`);
  if (shared > 0) io.print(`${count(shared, 'result')} that other runs use ${shared === 1 ? 'stays' : 'stay'}.`);
  if (isDry) io.print('Without --dry-run they are deleted.');
  return exitCodes.fine;
}

interface CollectRequest {
  readonly dryRun?: boolean;
  readonly olderThan?: number;
  readonly failedOlderThan: number;
  readonly keepLast?: number;
  readonly keepCheckpoints?: number;
}

async function collect(io: Io, store: Store, request: CollectRequest): Promise<number> {
  const { dryRun = false, failedOlderThan, keepLast, keepCheckpoints } = request;
  const olderThan = request.olderThan ?? (keepLast === undefined ? usualDays : 0);
  const also = keepLast === undefined ? undefined : newestRuns(store.root, keepLast);
  const used = inUse(store.root, Date.now() - olderThan * msPerDay, { also });
  const streams = keepCheckpoints === undefined ? undefined : olderCheckpoints(store, keepCheckpoints);
  const gone = await collectGarbage(store, { keep: used.fingerprints, keepTrees: used.trees, dryRun, streams });
  const left = sweepLeft(store.root, { inUse: used, failedBefore: Date.now() - failedOlderThan * msPerDay, dryRun });
  const what = [
    count(gone.records, 'record'),
    count(gone.blobs, 'file'),
    count(gone.adopted, 'manifest'),
    count(gone.leftovers, 'leftover'),
  ];
  const verb = dryRun ? 'Would delete' : 'Deleted';
  const users = [
    ...(keepLast === undefined ? [] : [`any of the last ${count(keepLast, 'run')} of a pipeline`]),
    ...(keepLast === undefined || olderThan > 0 ? [`any run of the last ${inDays(olderThan)}`] : []),
  ];
  io.print(`${verb} ${what.join(', ')}: ${sizeInWords(gone.bytes)}, not used by ${users.join(' or ')}.`);
  if (keepCheckpoints !== undefined) {
    io.print(`Of it the files of ${count(gone.items, 'older item')} of streams: what was made of them stays known.`);
  }
  if (left.count > 0) {
    const since = `not touched for ${inDays(failedOlderThan)}`;
    io.print(`${verb} what ${count(left.count, 'failed attempt')} left: ${sizeInWords(left.bytes)}, ${since}.`);
  }
  if (dryRun && gone.records + gone.blobs + gone.items + left.count > 0)
    io.print('Without --dry-run they are deleted.');
  return exitCodes.fine;
}

const msPerDay = 86_400_000;

function inDays(days: number): string {
  return days === 1 ? 'day' : `${days} days`;
}
