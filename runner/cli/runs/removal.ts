import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { collectGarbage } from '../../../cache/collect.ts';
import type { Digest } from '../../../cache/digest.ts';
import { Problem } from '../../../cache/problem.ts';
import type { NodeRecord } from '../../../cache/records.ts';
import type { Store } from '../../../cache/store.ts';
import { nearest } from '../../../tasks/core/nearest.ts';
import { readEvents } from '../../log/run-log.ts';
import { findRun } from './find-run.ts';
import { inUse } from './in-use.ts';
import { knownRuns } from './known-runs.ts';
import { bytesOf } from './left-outputs.ts';

/** What a person wants to be rid of. */
export interface Removal {
  /** Results that are forgotten. */
  readonly records: readonly NodeRecord[];
  /** Runs whose logs and job folders go. */
  readonly runs: readonly string[];
  /** How many results of these runs stay, because other runs use them. */
  readonly shared: number;
}

/**
 * What a name stands for: a run by its number, a node by its label, a task, or all runs of a pipeline. Throws `nothing-of-that-name`, and
 * `in-use` for what a live run needs.
 */
export async function findRemoval(store: Store, name: string): Promise<Removal> {
  const all: NodeRecord[] = [];
  for await (const record of store.records.all()) all.push(record);
  const removal = /^\d+$/.test(name) ? runsOf(store, all, [findRun(store.root, name)]) : byName(store, all, name);
  refuseInUse(store, removal);
  return removal;
}

/** Deletes it, and what nothing else needs; gives the bytes that this frees. */
export async function remove(
  store: Store,
  { records, runs }: Removal,
  { dryRun }: { dryRun: boolean },
): Promise<number> {
  const { live, trees } = inUse(store.root, Infinity);
  const { bytes } = await collectGarbage(store, {
    keep: [],
    keepTrees: trees,
    only: new Set(records.map(({ fingerprint }) => fingerprint)),
    // A run may have found the same bytes there just now, and not yet written its record.
    minAgeSeconds: live.size > 0 ? 3600 : -1,
    dryRun,
  });
  const folders = runs.map((run) => join(store.root, 'runs', run));
  const ofRuns = folders.reduce((sum, folder) => sum + bytesOf(folder), 0);
  if (!dryRun) for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  return bytes + ofRuns;
}

function byName(store: Store, all: readonly NodeRecord[], name: string): Removal {
  const records = all.filter(({ recipe, provenance }) => recipe.task === name || provenance.node === name);
  if (records.length > 0) return { records, runs: [], shared: 0 };
  const known = [...knownRuns(store)];
  const runs = known.filter(({ state }) => state.pipeline === name).map(({ run }) => run);
  if (runs.length > 0) return runsOf(store, all, runs);
  const names = new Set([
    ...all.flatMap((one) => [one.recipe.task, one.provenance.node]),
    ...known.map((one) => one.state.pipeline),
  ]);
  const close = nearest(name, [...names]);
  throw new Problem(
    'nothing-of-that-name',
    `Nothing here is called "${name}"${close ? `; did you mean "${close}"?` : '.'}`,
    {
      hint: 'Give the number of a run, the label of a node, or the name of a task or pipeline: pipeline cache stat',
    },
  );
}

/** Runs, and those results of theirs that no other run has used. */
function runsOf(store: Store, all: readonly NodeRecord[], runs: readonly string[]): Removal {
  const gone = new Set(runs);
  const elsewhere = new Set<string>();
  for (const { run, folder } of knownRuns(store)) {
    if (gone.has(run)) continue;
    for (const event of readEvents(folder)) if ('fingerprint' in event) elsewhere.add(event.fingerprint);
  }
  const made = all.filter(({ provenance }) => gone.has(provenance.run));
  const records = made.filter(({ fingerprint }) => !elsewhere.has(fingerprint));
  return { records, runs, shared: made.length - records.length };
}

function refuseInUse({ root }: Store, { records, runs }: Removal): void {
  const { live, fingerprints } = inUse(root, Infinity);
  const run =
    runs.find((one) => live.has(one)) ??
    [...live].find((one) => records.some((record) => uses(root, one, record.fingerprint)));
  const isSubmitted = records.some(({ fingerprint }) => fingerprints.has(fingerprint));
  if (run === undefined && !isSubmitted) return;
  throw new Problem(
    'in-use',
    run === undefined ? 'A job that is with a scheduler uses it.' : `Run ${run} is live and uses it.`,
    {
      hint:
        run === undefined ? 'Wait for its end: pipeline runs' : `Wait for its end, or end it: pipeline cancel ${run}`,
    },
  );
}

function uses(root: string, run: string, fingerprint: Digest): boolean {
  return readEvents(join(root, 'runs', run)).some(
    (event) => 'fingerprint' in event && event.fingerprint === fingerprint,
  );
}
