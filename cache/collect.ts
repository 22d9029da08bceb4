import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isTable, type Json } from './canonical-json.ts';
import { type Digest, isDigest } from './digest.ts';
import { isLocked } from './lock.ts';
import { artifactsIn, isStoredArtifact, type NodeRecord } from './records.ts';
import type { Store } from './store.ts';

export interface Collected {
  records: number;
  blobs: number;
  adopted: number;
  /** Items of streams whose files went while their records stay. */
  items: number;
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
  /** These records go, whatever is kept, and what they alone needed; everything else stays. */
  only?: ReadonlySet<Digest>;
  /** Of streams of files the last `keep` items stay, and all that `live` runs may take; what goes is known and no longer there. */
  streams?: {
    readonly keep: number;
    readonly live: { readonly fingerprints: ReadonlySet<Digest>; readonly trees: ReadonlySet<Digest> };
  };
}

/**
 * Deletes the records that are not kept, and every blob that no remaining record needs.
 *
 * Records of fingerprints that are locked stay, with their blobs. Records go before blobs: stopped in between, the
 * store has blobs too many, never too few.
 */
export async function collectGarbage(store: Store, options: CollectOptions): Promise<Collected> {
  const { dryRun, minAgeSeconds = 3600 } = options;
  const oldest = Date.now() - minAgeSeconds * 1000;
  const { condemned, dropped, needed, freed } = await mark(store, options, oldest);
  if (!dryRun) await store.records.delete(condemned);
  if (!dryRun) for (const digest of dropped) store.drop(digest);

  const blobs = sweepBlobs(store, freed ?? store.blobs.list(), { needed, oldest, dryRun });
  const isAdoptionNeeded = (digest: Digest): boolean => needed.has(digest) || freed?.has(digest) === false;
  const adopted = sweepAdopted(store, isAdoptionNeeded, oldest, dryRun);
  const leftovers = freed ? [] : sweepLeftovers(store, oldest, dryRun);
  if (!dryRun) store.forget();
  return {
    records: condemned.length,
    blobs: blobs.count,
    adopted: adopted.count,
    items: dropped.length,
    leftovers: leftovers.reduce((sum, { count }) => sum + count, 0),
    bytes: blobs.bytes + leftovers.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

interface Marked {
  /** Records that go. */
  readonly condemned: readonly Digest[];
  /** Trees that stay known without their files. */
  readonly dropped: readonly Digest[];
  /** Blobs that stay. */
  readonly needed: ReadonlySet<Digest>;
  /** With `only`, what those records needed: nothing else goes. */
  readonly freed: ReadonlySet<Digest> | undefined;
}

async function mark(store: Store, options: CollectOptions, oldest: number): Promise<Marked> {
  const { keep, keepTrees = [], only, streams } = options;
  const kept = new Set<string>(keep);
  const needed = new Set<Digest>();
  const freed = only && new Set<Digest>();
  const surplus = new Set<Digest>();
  const condemned: Digest[] = [];
  for await (const record of store.records.all()) {
    const { fingerprint } = record;
    const isSpared = only ? !only.has(fingerprint) : kept.has(fingerprint) || isYoung(record, oldest);
    if (isSpared || isLocked(join(store.root, 'locks'), fingerprint)) {
      const older = streams && !streams.live.fingerprints.has(fingerprint) ? olderItems(record, streams.keep) : [];
      for (const digest of older) surplus.add(digest);
      markTrees(store, record, needed, new Set(older));
    } else {
      condemned.push(fingerprint);
      if (freed) markTrees(store, record, freed);
    }
  }
  for (const digest of [...surplus]) if (needed.has(digest) || streams?.live.trees.has(digest)) surplus.delete(digest);
  for (const digest of keepTrees) if (!surplus.has(digest)) markTree(store, digest, needed);
  for (const digest of surplus) needed.add(digest); // the manifest, and none of its files
  return { condemned, dropped: [...surplus].filter((digest) => !store.isDropped(digest)), needed, freed };
}

function sweepLeftovers(store: Store, oldest: number, dryRun: boolean): Swept[] {
  const locks = join(store.root, 'locks');
  return [
    // A server may hold what it serves there for weeks.
    sweepFolder(join(store.root, 'tmp'), oldest, dryRun, (name) => isLocked(locks, name)),
    sweepFolder(join(store.root, 'quarantine'), oldest, dryRun),
    sweepFolder(join(store.root, 'samples'), oldest, dryRun, (name) => hasBlob(store, name)),
  ];
}

function isYoung({ provenance }: NodeRecord, oldest: number): boolean {
  return Date.parse(provenance.finishedAt) > oldest;
}

function markTrees(store: Store, { outputs }: NodeRecord, needed: Set<Digest>, except = new Set<Digest>()): void {
  for (const { digest } of Object.values(outputs).flatMap(artifactsIn)) {
    if (!except.has(digest)) markTree(store, digest, needed);
  }
}

/** The files of all but the last items of a record's streams, unless they are another item too. */
function olderItems({ outputs }: NodeRecord, keep: number): Digest[] {
  const streams = Object.values(outputs).map(streamedFiles);
  const last = new Set(streams.flatMap((digests) => digests.slice(Math.max(0, digests.length - keep))));
  return streams.flat().filter((digest) => !last.has(digest));
}

function streamedFiles(output: Json): Digest[] {
  const items = isTable(output) && Array.isArray(output.$stream) ? (output.$stream as { value?: Json }[]) : [];
  return items.flatMap(({ value }) => {
    return isTable(value) && isStoredArtifact(value.$artifact) ? [value.$artifact.digest] : [];
  });
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

interface SweepOptions {
  readonly needed: ReadonlySet<Digest>;
  /** In milliseconds since 1970. */
  readonly oldest: number;
  readonly dryRun: boolean;
}

function sweepBlobs(store: Store, digests: Iterable<Digest>, { needed, oldest, dryRun }: SweepOptions): Swept {
  const swept = { count: 0, bytes: 0 };
  for (const digest of digests) {
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

function sweepAdopted(
  store: Store,
  isAdoptionNeeded: (digest: Digest) => boolean,
  oldest: number,
  dryRun: boolean,
): Swept {
  const isNeeded = (name: string): boolean => {
    const digest = `sha256:${name.replace(/\.json.*$/, '')}`;
    return isDigest(digest) && isAdoptionNeeded(digest);
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
