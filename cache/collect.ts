import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, isDigest } from './digest.ts';
import { isLocked } from './lock.ts';
import { artifactsIn, type NodeRecord } from './records.ts';
import type { Store } from './store.ts';

export interface Collected {
  records: number;
  blobs: number;
  adopted: number;
  /** Files left behind in `tmp/` and `quarantine/`. */
  leftovers: number;
  /** Of blobs and leftovers. */
  bytes: number;
}

export interface CollectOptions {
  /** Fingerprints of records that stay. */
  keep: Iterable<Digest>;
  /** Trees that no record names yet, and that stay: items of tasks that still run. */
  keepTrees?: Iterable<Digest>;
  /** Counts what would go, and deletes nothing. */
  dryRun: boolean;
  /** What is younger stays: a job may have stored it and not yet written its record. Default one hour. */
  minAgeSeconds?: number;
}

/**
 * Deletes the records that are not kept, and every blob that no remaining record needs.
 *
 * Records of fingerprints that are locked stay, with their blobs. Records go before blobs: stopped in between, the
 * store has blobs too many, never too few.
 */
export async function collectGarbage(
  store: Store,
  { keep, keepTrees = [], dryRun, minAgeSeconds = 3600 }: CollectOptions,
): Promise<Collected> {
  const locks = join(store.root, 'locks');
  const oldest = Date.now() - minAgeSeconds * 1000;
  const kept = new Set<string>(keep);
  const needed = new Set<Digest>();
  for (const digest of keepTrees) markTree(store, digest, needed);
  const condemned: Digest[] = [];
  for await (const record of store.records.all()) {
    const stays = kept.has(record.fingerprint) || isYoung(record, oldest) || isLocked(locks, record.fingerprint);
    if (stays) markTrees(store, record, needed);
    else condemned.push(record.fingerprint);
  }
  if (!dryRun) await store.records.delete(condemned);

  const blobs = sweepBlobs(store, needed, oldest, dryRun);
  const adopted = sweepAdopted(store, needed, oldest, dryRun);
  const leftovers = [
    // A server may hold what it serves there for weeks.
    sweepFolder(join(store.root, 'tmp'), oldest, dryRun, (name) => isLocked(locks, name)),
    sweepFolder(join(store.root, 'quarantine'), oldest, dryRun),
    sweepFolder(join(store.root, 'samples'), oldest, dryRun, (name) => hasBlob(store, name)),
  ];
  if (!dryRun) store.forget();
  return {
    records: condemned.length,
    blobs: blobs.count,
    adopted: adopted.count,
    leftovers: leftovers.reduce((sum, { count }) => sum + count, 0),
    bytes: blobs.bytes + leftovers.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function isYoung({ provenance }: NodeRecord, oldest: number): boolean {
  return Date.parse(provenance.finishedAt) > oldest;
}

function markTrees(store: Store, record: NodeRecord, needed: Set<Digest>): void {
  for (const { digest } of Object.values(record.outputs).flatMap(artifactsIn)) {
    markTree(store, digest, needed);
  }
}

function markTree(store: Store, digest: Digest, needed: Set<Digest>): void {
  if (needed.has(digest)) return;
  needed.add(digest);
  for (const entry of store.readTree(digest)?.entries ?? []) if (entry.kind === 'file') needed.add(entry.digest);
}

function hasBlob(store: Store, name: string): boolean {
  const digest = `sha256:${name}`;
  return isDigest(digest) && store.blobs.has(digest);
}

interface Swept {
  count: number;
  bytes: number;
}

function sweepBlobs(store: Store, needed: ReadonlySet<Digest>, oldest: number, dryRun: boolean): Swept {
  const swept = { count: 0, bytes: 0 };
  for (const digest of store.blobs.list()) {
    if (needed.has(digest)) continue;
    const stats = store.blobs.stat(digest);
    // A blob that was moved in keeps the time of its writing; its ctime is when it came here.
    if (!stats || Math.max(stats.mtimeMs, stats.ctimeMs) > oldest) continue;
    swept.count += 1;
    swept.bytes += stats.size;
    if (!dryRun) store.blobs.delete(digest);
  }
  return swept;
}

function sweepAdopted(store: Store, needed: ReadonlySet<Digest>, oldest: number, dryRun: boolean): Swept {
  const isNeeded = (name: string): boolean => {
    const digest = `sha256:${name.replace(/\.json.*$/, '')}`;
    return isDigest(digest) && needed.has(digest);
  };
  return sweepFolder(join(store.root, 'adopted'), oldest, dryRun, isNeeded);
}

function sweepFolder(
  folder: string,
  oldest: number,
  dryRun: boolean,
  isNeeded: (name: string) => boolean = () => false,
): Swept {
  const swept = { count: 0, bytes: 0 };
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats || isNeeded(name) || Math.max(stats.mtimeMs, stats.ctimeMs) > oldest) continue;
    swept.count += 1;
    swept.bytes += stats.size;
    if (!dryRun) rmSync(path, { force: true, recursive: true });
  }
  return swept;
}
