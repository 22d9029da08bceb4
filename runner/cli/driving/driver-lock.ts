import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acquireLock, type Lock, lockOwner } from '../../../cache/lock.ts';
import { Problem } from '../../../cache/problem.ts';
import type { KnownRun } from '../runs/find-run.ts';

/** Longer than a driver on another host may be silent before it counts as dead, in seconds. */
const patienceSeconds = 75;

/**
 * The right to write a run's log; undefined when another process has it. Whether an owner on another host lives can only be told by
 * watching it for a minute, which is done when `patient`.
 */
export async function lockRun(
  storeRoot: string,
  run: string,
  { patient, say }: { patient: boolean; say: (message: string) => void },
): Promise<Lock | undefined> {
  const folder = join(storeRoot, 'locks');
  const key = `run-${run}`;
  const end = performance.now() + patienceSeconds * 1000;
  for (let isFirst = true; ; isFirst = false) {
    const lock = acquireLock(folder, key, { owner: `driver of run ${run}` });
    if (lock) return lock;
    const owner = lockOwner(folder, key);
    if (!patient || owner?.host === hostname() || performance.now() > end) return undefined;
    if (isFirst) say(`Waiting for a sign of life of the driver on ${owner?.host ?? 'another host'}.`);
    await delay(1000);
  }
}

/** What is said of a run that another process drives. */
export function isDriven({ run, state }: KnownRun): Problem {
  return new Problem('run-is-alive', `Run ${run} is still driven by process ${state.pid} on ${state.host}.`, {
    hint: `Watch it with \`pipeline attach ${run}\`, or end that process first.`,
  });
}
