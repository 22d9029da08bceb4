import { join } from 'node:path';
import { verifyCode } from '../../../cache/code/verify-code.ts';
import { collectGarbage } from '../../../cache/collect.ts';
import type { Store } from '../../../cache/store.ts';
import { verifyStore } from '../../../cache/verify.ts';
import { listRuns } from '../../log/run-log.ts';
import { openStoreOnly } from '../../project/session.ts';
import { paint } from '../../views/paint.ts';
import { sizeInWords } from '../../../tasks/core/size-in-words.ts';
import { count } from '../../words/quantities.ts';
import { table } from '../../views/table.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import { inUse } from '../runs/in-use.ts';
import { sweepLeft } from '../runs/left-outputs.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';

export async function cache(io: Io, [command]: readonly string[], options: Options): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    if (command === 'verify') return await verify(io, store);
    if (command === 'collect') return await collect(io, store, options as unknown as CollectRequest);
    return await stat(io, store);
  } finally {
    await store.close();
  }
}

async function stat(io: Io, store: Store): Promise<number> {
  let [blobs, size, records] = [0, 0, 0];
  for (const digest of store.blobs.list()) {
    blobs += 1;
    size += store.blobs.stat(digest)?.size ?? 0;
  }
  const byTask = new Map<string, number>();
  for await (const { recipe } of store.records.all()) {
    records += 1;
    byTask.set(recipe.task, (byTask.get(recipe.task) ?? 0) + 1);
  }
  const rows = [
    ['store', store.root],
    ['records', `${records} in ${store.records.place}`],
    ['files', `${blobs}, ${sizeInWords(size)}`],
    ['runs', String(listRuns(store.root).length)],
  ];
  for (const line of table(rows)) io.print(line);
  const { dim } = paint(io.stdout.hasColor);
  const tasks = [...byTask].sort(([a, countOfA], [b, countOfB]) => countOfB - countOfA || (a < b ? -1 : 1));
  if (tasks.length > 0) io.print(dim('records by task'));
  for (const line of table(tasks.map(([task, number]) => [`  ${task}`, String(number)]))) io.print(line);
  return exitCodes.fine;
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

interface CollectRequest {
  readonly dryRun?: boolean;
  readonly olderThan: number;
  readonly failedOlderThan: number;
}

async function collect(
  io: Io,
  store: Store,
  { dryRun = false, olderThan, failedOlderThan }: CollectRequest,
): Promise<number> {
  const used = inUse(store.root, Date.now() - olderThan * msPerDay);
  const gone = await collectGarbage(store, { keep: used.fingerprints, keepTrees: used.trees, dryRun });
  const left = sweepLeft(store.root, { inUse: used, failedBefore: Date.now() - failedOlderThan * msPerDay, dryRun });
  const what = [
    count(gone.records, 'record'),
    count(gone.blobs, 'file'),
    count(gone.adopted, 'manifest'),
    count(gone.leftovers, 'leftover'),
  ];
  const verb = dryRun ? 'Would delete' : 'Deleted';
  io.print(
    `${verb} ${what.join(', ')}: ${sizeInWords(gone.bytes)}, not used by any run of the last ${inDays(olderThan)}.`,
  );
  if (left.count > 0) {
    const since = `not touched for ${inDays(failedOlderThan)}`;
    io.print(`${verb} what ${count(left.count, 'failed attempt')} left: ${sizeInWords(left.bytes)}, ${since}.`);
  }
  if (dryRun && gone.records + gone.blobs + left.count > 0) io.print('Without --dry-run they are deleted.');
  return exitCodes.fine;
}

const msPerDay = 86_400_000;

function inDays(days: number): string {
  return days === 1 ? 'day' : `${days} days`;
}
