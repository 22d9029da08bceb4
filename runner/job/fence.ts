import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { isEntryPath, nameOf } from '../../cache/border.ts';
import type { Digest } from '../../cache/digest.ts';
import { processStat } from '../../cache/process-stat.ts';
import { removeFile } from '../../cache/remove.ts';
import { isAlive, isSameSpace, thisProcess } from '../../cache/this-process.ts';
import { endProcessesOf, nameOf as nameOfProcess, processesOf, type Traces } from '../executors/job-processes.ts';
import { signalGroup } from '../executors/process-group.ts';
import { readJson } from '../files/read-json.ts';
import { newestOut } from './shared-outputs.ts';

/*
 * The right to a fingerprint goes to the next driver when the one that had it is dead; its job may still run, for as long as it takes
 * to end. So a job that ends with its driver has a claim of its own, which lies there until nothing of the job runs any more:
 *
 *     locks/<fingerprint>.job     whose job it is, and its folder
 */

/** `job` is below the store's folder: a claim leads nowhere else, whoever wrote it. */
const Claim = z.object({
  host: z.string(),
  bootId: z.string(),
  pidSpace: z.string(),
  pid: z.int(),
  pidStart: z.string(),
  job: z.string().refine(isEntryPath),
});
type Claim = z.infer<typeof Claim>;

/** A job with its own fingerprint, and where the store is. */
interface Claimed {
  readonly root: string;
  readonly fingerprint: Digest;
}

/** What an earlier driver left of a job. */
export type FormerJob =
  /** It runs, and can be ended here. */
  | { readonly is: 'here'; readonly traces: Traces; readonly names: readonly string[]; readonly isTold: boolean }
  /** It may run where nobody here can see it. */
  | { readonly is: 'elsewhere' };

/** A driver that is killed has its jobs told to end, and killed after ten seconds; longer than that nobody waits for it. In milliseconds. */
const watchdogMs = 13_000;
/** Between telling a job to end that nobody else does, and killing it. */
const graceMs = 10_000;
const pollMs = 100;

/** Before the job is started: its processes are found by the folder. */
export function claimJob({ root, fingerprint }: Claimed, folder: string): void {
  const claim: Claim = { ...thisProcess(), job: relative(root, folder) };
  writeFileSync(claimPath({ root, fingerprint }), JSON.stringify(claim));
}

/** Nothing of the job runs any more. */
export function unclaimJob(claimed: Claimed): void {
  removeFile(claimPath(claimed));
}

/** What is left of the job that had a fingerprint last; undefined when that is nothing. */
export function formerJob(claimed: Claimed): FormerJob | undefined {
  const claim = readJson(claimPath(claimed), Claim); // half of one: its driver was killed before it began
  if (!claim) return undefined;
  const traces = tracesOf(claim, claimed);
  const here = thisProcess();
  const mayBeHere = claim.host === here.host && claim.bootId === here.bootId;
  const pids = mayBeHere ? processesOf(traces) : [];
  if (pids.length > 0) {
    // Of a driver that is dead a watchdog ends the jobs; one that stands still, and has lost its claim, does nothing.
    const isTold = isSameSpace(claim, here) && !isAlive(claim);
    return { is: 'here', traces, isTold, names: pids.map(nameOfProcess) };
  }
  const isOver = claim.host === here.host && (claim.bootId !== here.bootId || claim.pidSpace === here.pidSpace);
  if (!isOver) return { is: 'elsewhere' };
  unclaimJob(claimed);
  return undefined;
}

/** Ends what is left of a job: politely first. Returns when it is gone. */
export async function endFormerJob({ traces, isTold }: FormerJob & { is: 'here' }): Promise<void> {
  if (isTold && (await isGoneWithin(traces, watchdogMs))) return;
  for (const group of groupsOf(traces)) {
    signalGroup(group, 'SIGTERM');
    signalGroup(group, 'SIGCONT');
  }
  if (!(await isGoneWithin(traces, graceMs))) await endProcessesOf(traces);
}

async function isGoneWithin(traces: Traces, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await delay(pollMs)) {
    if (processesOf(traces).length === 0) return true;
  }
  return false;
}

function groupsOf(traces: Traces): Set<number> {
  return new Set(processesOf(traces).flatMap((pid) => processStat(pid)?.group ?? []));
}

function tracesOf({ job }: Claim, { root, fingerprint }: Claimed): Traces {
  return { folder: join(root, job), writesTo: [newestOut(join(root, 'work', nameOf(fingerprint)))] };
}

function claimPath({ root, fingerprint }: Claimed): string {
  return join(root, 'locks', `${nameOf(fingerprint)}.job`);
}
