import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acquireLock, type Lock, lockOwner } from '../../../cache/lock.ts';
import { Problem } from '../../../cache/problem.ts';
import type { RunLog } from '../../log/run-log.ts';
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

/**
 * The log of a run as its driver has it. One that stood still for so long that another drives the run now writes no more.
 * Throws `run-taken-over`.
 */
export function ownLog(log: RunLog, lock: Lock): RunLog {
  let askedAt = 0; // by the clock of the day, which goes on while a machine sleeps
  return {
    run: log.run,
    folder: log.folder,
    settle: () => log.settle(),
    close: () => log.close(),
    append: (event) => {
      if (Math.abs(Date.now() - askedAt) > askAgainMs) {
        if (!lock.isHeld()) throw isTakenOver(log.run);
        askedAt = Date.now();
      }
      log.append(event);
    },
  };
}

/** Much shorter than the time after which another takes a run over, in milliseconds. */
const askAgainMs = 1000;

function isTakenOver(run: string): Problem {
  return new Problem('run-taken-over', `Run ${run} is driven by another process since this one stood still.`, {
    hint: `Watch it: pipeline attach ${run}`,
  });
}

/** What is said of a run that another process drives. */
export function isDriven({ run, state }: KnownRun): Problem {
  return new Problem('run-is-alive', `Run ${run} is still driven by process ${state.pid} on ${state.host}.`, {
    hint: `Watch it with \`pipeline attach ${run}\`, or end that process first.`,
  });
}
