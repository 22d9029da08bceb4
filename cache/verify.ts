import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from './digest.ts';
import { artifactsIn, type NodeRecord } from './records.ts';
import type { Store } from './store.ts';

export interface VerifyReport {
  blobs: number;
  bytes: number;
  records: number;
  /** Blobs with other content than their digest says, and where they were moved. */
  wrongBlobs: { digest: Digest; movedTo: string | undefined }[];
  /** Records that cannot be read. */
  damagedRecords: { fingerprint: Digest; reason: string }[];
  /** Records of which an artifact is not whole: they are misses until their task runs again. */
  incompleteRecords: { fingerprint: Digest; task: string; digest: Digest }[];
  /** What was accepted and cannot be believed: as if it had not been said. */
  damagedStatements: { fingerprint: Digest; reason: string }[];
  /** What was accepted and whose old result is gone: it stands for nothing. */
  emptyStatements: { fingerprint: Digest; task: string }[];
}

/** Hashes every blob again and checks every record's trees. Wrong blobs go to `quarantine/`; nothing is deleted. */
export async function verifyStore(
  store: Store,
  { onProgress = () => undefined }: { onProgress?: (done: number, total: number) => void } = {},
): Promise<VerifyReport> {
  store.forget();
  const digests = [...store.blobs.list()];
  const report: VerifyReport = {
    blobs: digests.length,
    bytes: 0,
    records: 0,
    wrongBlobs: [],
    damagedRecords: [],
    incompleteRecords: [],
    damagedStatements: [...store.accepted.damaged()],
    emptyStatements: [],
  };
  for (const [index, digest] of digests.entries()) {
    const stats = store.blobs.stat(digest);
    report.bytes += stats?.size ?? 0;
    const isWrong = stats === undefined ? store.blobs.isThere(digest) : isOther(digest, store.blobs.rehash(digest));
    if (isWrong) report.wrongBlobs.push({ digest, movedTo: store.blobs.quarantine(digest) });
    onProgress(index + 1, digests.length);
    if (index % 64 === 0) await nextTurn();
  }
  for await (const record of store.records.all()) {
    report.records += 1;
    report.incompleteRecords.push(...incomplete(store, record));
  }
  for await (const damaged of store.records.damaged()) report.damagedRecords.push(damaged);
  for (const { fingerprint, recipe } of store.accepted.all()) {
    if (!(await store.records.get(fingerprint))) report.emptyStatements.push({ fingerprint, task: recipe.task });
  }
  return report;
}

/** One that is gone meanwhile is no other. */
function isOther(digest: Digest, found: Digest | undefined): boolean {
  return found !== undefined && found !== digest;
}

function incomplete(store: Store, { fingerprint, recipe, outputs }: NodeRecord): VerifyReport['incompleteRecords'] {
  return Object.values(outputs)
    .flatMap(artifactsIn)
    .filter(({ digest }) => !store.hasTree(digest))
    .map(({ digest }) => ({ fingerprint, task: recipe.task, digest }));
}
