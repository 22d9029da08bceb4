import { lstatSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isDigest } from '../../../cache/digest.ts';
import { isLocked } from '../../../cache/lock.ts';
import { listRuns } from '../../log/run-log.ts';
import type { InUse } from './in-use.ts';

/** What attempts that failed or were killed have left on disk. */
export interface LeftOutputs {
  /** Attempts, and works that would go on. */
  readonly count: number;
  readonly bytes: number;
}

export interface SweepOptions {
  readonly inUse: InUse;
  /** What was written to since then, in milliseconds, stays: a person may want to look at it. */
  readonly failedBefore: number;
  readonly dryRun: boolean;
}

/**
 * Deletes the inputs, outputs and scratch folders of attempts that gave no result (one that did has none left), and works that no
 * run has gone on with. Logs and scripts stay, and so does all that is live.
 */
export function sweepLeft(root: string, options: SweepOptions): LeftOutputs {
  const swept = [...attempts(root, options.inUse), ...works(root, options.inUse)].filter(
    ({ paths, newest }) => paths.length > 0 && newest < options.failedBefore,
  );
  const bytes = swept.flatMap(({ paths }) => paths).reduce((sum, path) => sum + bytesOf(path), 0);
  if (!options.dryRun) {
    for (const { paths } of swept) for (const path of paths) rmSync(path, { recursive: true, force: true });
  }
  return { count: swept.length, bytes };
}

interface Left {
  readonly paths: readonly string[];
  /** When something was last done there, in milliseconds. */
  readonly newest: number;
}

function attempts(root: string, { live }: InUse): Left[] {
  return listRuns(root).flatMap((run) => {
    const jobs = join(root, 'runs', run, 'jobs');
    return live.has(run) ? [] : foldersIn(jobs).map((name) => leftIn(join(jobs, name)));
  });
}

/** Copies of a job that was started again, and services beside it, lie in folders within its own. */
function leftIn(folder: string): Left {
  const names = namesIn(folder);
  const isLeft = (name: string): boolean => /^(?:in\.|out\.|core(?:\.|$)|scratch$)/.test(name);
  const own = { paths: names.filter(isLeft).map((name) => join(folder, name)), newest: newestIn(folder) };
  const inner = foldersIn(folder).flatMap((name) => (isLeft(name) ? [] : [leftIn(join(folder, name))]));
  return {
    paths: [own, ...inner].flatMap(({ paths }) => paths),
    newest: Math.max(...[own, ...inner].map(({ newest }) => newest)),
  };
}

function works(root: string, { fingerprints }: InUse): Left[] {
  const work = join(root, 'work');
  return foldersIn(work).flatMap((name) => {
    const fingerprint = `sha256:${name}`;
    if (!isDigest(fingerprint) || fingerprints.has(fingerprint)) return [];
    if (isLocked(join(root, 'locks'), fingerprint)) return [];
    const folder = join(work, name);
    const inside = foldersIn(folder).map((one) => newestIn(join(folder, one)));
    return [{ paths: [folder], newest: Math.max(newestIn(folder), ...inside) }];
  });
}

function newestIn(folder: string): number {
  const own = statsOf(folder);
  const times = [own, ...namesIn(folder).map((name) => statsOf(join(folder, name)))];
  return Math.max(...times.map((stats) => Math.max(stats?.mtimeMs ?? 0, stats?.ctimeMs ?? 0)));
}

/** Other names of the same bytes, as inputs that are links into the store, take no room. */
export function bytesOf(path: string): number {
  const stats = statsOf(path);
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.nlink > 1 ? 0 : stats.size;
  return namesIn(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

/** Folders and not links to some. */
function foldersIn(folder: string): string[] {
  return namesIn(folder).filter((name) => statsOf(join(folder, name))?.isDirectory() === true);
}

function namesIn(folder: string): string[] {
  return statsOf(folder)?.isDirectory() === true ? readdirSync(folder) : [];
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
