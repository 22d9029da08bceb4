import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Statements } from '../../../cache/accepted.ts';
import type { Digest } from '../../../cache/digest.ts';
import { isDigest } from '../../../cache/digest.ts';
import { isLocked } from '../../../cache/lock.ts';
import { artifactsIn } from '../../../cache/records.ts';
import type { Json } from '../../../cache/canonical-json.ts';
import { readReleased } from '../../attempt/released-ledger.ts';
import { listRuns, readEvents } from '../../log/run-log.ts';
import { Submissions } from '../../log/submissions.ts';
import { readRun } from './find-run.ts';

/** What must not be collected. */
export interface InUse {
  /** Their records stay, and what their attempts share. */
  readonly fingerprints: ReadonlySet<Digest>;
  /** Items that were released and belong to no record yet. */
  readonly trees: ReadonlySet<Digest>;
  /** Runs that somebody drives, or whose jobs are with a scheduler, however long ago they last said something. */
  readonly live: ReadonlySet<string>;
}

interface InUseOptions {
  /** A run whose driver is this process, and done. */
  readonly ended?: string;
  /** Runs that count however long ago they were. */
  readonly also?: ReadonlySet<string>;
}

/** What runs that are live, and those that said something since then, made, took from the store or waited for. */
export function inUse(root: string, since: number, { ended, also }: InUseOptions = {}): InUse {
  const fingerprints = new Set<Digest>();
  const trees = new Set<Digest>();
  const live = new Set<string>();
  const submitted = submittedIn(root);
  for (const fingerprint of submitted.fingerprints) fingerprints.add(fingerprint);
  for (const run of listRuns(root)) {
    const events = readEvents(join(root, 'runs', run));
    const isDrivenNow = isLocked(join(root, 'locks'), `run-${run}`) || isDriven(root, run);
    const isLive = submitted.mayBelongTo(run) || (isDrivenNow && run !== ended);
    if (isLive) live.add(run);
    const last = events.at(-1);
    if (!isLive && also?.has(run) !== true && (!last || Date.parse(last.time) < since)) continue;
    for (const event of events) {
      if ('fingerprint' in event) fingerprints.add(event.fingerprint as Digest);
      if (event.type !== 'item-released') continue;
      for (const digest of [event.digest, ...(event.inner ?? [])]) if (isDigest(digest)) trees.add(digest);
    }
  }
  for (const digest of releasedBefore(root)) trees.add(digest);
  for (const fingerprint of accepted(root, since, fingerprints)) fingerprints.add(fingerprint);
  return { fingerprints, trees, live };
}

/** Of each pipeline so many runs, the newest. */
export function newestRuns(root: string, count: number): Set<string> {
  const found = new Set<string>();
  const counts = new Map<string, number>();
  for (const run of listRuns(root).reverse()) {
    const started = readEvents(join(root, 'runs', run)).find((event) => event.type === 'run-started');
    const before = counts.get(started?.pipeline ?? '') ?? 0;
    if (started === undefined || before >= count) continue;
    counts.set(started.pipeline, before + 1);
    found.add(run);
  }
  return found;
}

/** Results that hold for fingerprints in use, or were accepted since then: no run may have used them yet. */
function accepted(root: string, since: number, used: ReadonlySet<Digest>): Digest[] {
  const statements = new Statements(root);
  return statements
    .all()
    .filter(({ fingerprint, at }) => used.has(fingerprint) || Date.parse(at) >= since)
    .flatMap(({ fingerprint }) => statements.chainOf(fingerprint));
}

function isDriven(root: string, run: string): boolean {
  const { outcome } = readRun(root, run);
  return outcome === 'running' || outcome === 'left';
}

interface Submitted {
  readonly fingerprints: ReadonlySet<Digest>;
  readonly mayBelongTo: (run: string) => boolean;
}

/** A submission that only another version can read may belong to any run. */
function submittedIn(root: string): Submitted {
  const submissions = new Submissions(root);
  const fingerprints = new Set([...submissions.fingerprints()].filter(isDigest));
  try {
    const runs = new Set(submissions.all().map(({ run }) => run));
    return { fingerprints, mayBelongTo: (run) => runs.has(run) };
  } catch {
    return { fingerprints, mayBelongTo: () => true };
  }
}

/** Items in the ledgers of tasks that go on later: their next attempt has them again. */
function releasedBefore(root: string): Digest[] {
  const work = join(root, 'work');
  return readdirSync(work).flatMap((name) =>
    readReleased(join(work, name, 'released.jsonl')).flatMap(({ value }) =>
      artifactsIn(value as Json).map(({ digest }) => digest),
    ),
  );
}
