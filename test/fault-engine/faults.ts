import { existsSync, readdirSync, readlinkSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { flipBit, truncate } from './damage.ts';
import type { Driver, Start } from './driver.ts';
import type { Fault, FaultName, When } from './drawn-round.ts';
import { deadAfterSeconds } from './knock-outs.ts';
import type { SmallDisk } from './small-disk.ts';
import type { Edit } from './world.ts';

/** What a fault may do, and to whom. */
export interface Scene {
  readonly fault: Fault;
  /** The driver that is hit; the others run beside it. */
  readonly target: Driver;
  readonly drivers: readonly Driver[];
  readonly store: string;
  readonly disk: SmallDisk | undefined;
  /** Writes the sources with these edits, or as they should be. */
  readonly write: (edits: readonly Edit[]) => void;
  /** Another process of the subject, to its end. */
  readonly beside: (args: readonly string[], start: Start) => Promise<void>;
}

export interface FaultRule {
  /** Who may end without a result, by a `Problem` that says why. */
  readonly mayFail: 'nobody' | 'target' | 'anybody';
  /** Finished work may have to be done again. */
  readonly forgets: boolean;
  readonly needs?: 'root' | 'faketime';
  /** At least so many drivers, of one repository. */
  readonly drivers?: number;
  /** It comes in this part of the time that was drawn. */
  readonly hurry?: number;
  /** How long programs take meanwhile, in seconds, when it is not as ever. */
  readonly paceSeconds?: number;
  /** How the driver is started that is hit. */
  readonly start?: (fault: Fault, store: string) => Start;
  /** To a store that nobody uses, before the drivers start. */
  readonly before?: (fault: Fault, store: string, isLinked: boolean) => void;
  readonly during?: (scene: Scene) => Promise<void>;
}

const library = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']
  .map((folder) => `${folder}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** What a fault needs is not here, in words. */
export function lacking({ needs }: FaultRule): string | undefined {
  if (needs === 'root' && process.getuid?.() !== 0) return 'it needs root';
  return needs === 'faketime' && library === undefined ? 'it needs libfaketime' : undefined;
}

/** The wall clock of a process so far off; what it measures durations by goes on. */
function clockOff(by: string): Start {
  return { env: { LD_PRELOAD: library ?? '', FAKETIME: by, ...steady } };
}
const steady = { FAKETIME_DONT_FAKE_MONOTONIC: '1', DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' };

export const faultRules: Readonly<Record<FaultName, FaultRule>> = {
  none: { mayFail: 'nobody', forgets: false },
  'kill-driver': {
    mayFail: 'target',
    forgets: false,
    during: async ({ target }) => end(target, 'SIGKILL'),
  },
  'interrupt-driver': {
    mayFail: 'target',
    forgets: false,
    during: async ({ target, fault }) => {
      end(target, 'SIGINT');
      if (fault.chance < 0.7) return;
      await delay(300);
      end(target, 'SIGINT');
    },
  },
  'kill-job': {
    mayFail: 'anybody',
    forgets: false,
    during: async ({ drivers, fault }) => {
      const jobs = drivers.flatMap((driver) => driver.jobs());
      signalAll([-(jobs[Math.floor(fault.chance * jobs.length)] ?? 2 ** 22)], 'SIGKILL');
    },
  },
  'freeze-driver': {
    mayFail: 'nobody',
    forgets: false,
    during: async ({ target, fault }) => {
      target.signal('SIGSTOP');
      await delay(fault.chance * 3000);
      target.signal('SIGCONT');
    },
  },
  // In a space of processes of its own, where nobody else can tell whether it lives: its claim is taken over meanwhile.
  'pause-owner': {
    mayFail: 'target',
    forgets: false,
    needs: 'root',
    drivers: 2,
    paceSeconds: 0.5,
    start: () => ({ prefix: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] }),
    during: async ({ target, fault }) => {
      await target.startsOne();
      await delay(((fault.chance * 7919) % 1) * 1000);
      const all = processesBelow(target.pid);
      signalAll(all, 'SIGSTOP');
      await delay((deadAfterSeconds + 0.5 + 3 * fault.chance) * 1000);
      signalAll(all, 'SIGCONT');
    },
  },
  'full-disk': {
    mayFail: 'anybody',
    forgets: false,
    needs: 'root',
    during: async ({ disk, fault, target }) => {
      disk?.fill();
      await Promise.race([delay(300 + fault.chance * 2000), target.ended]);
      disk?.empty();
    },
  },
  'flip-bits': { mayFail: 'nobody', forgets: true, before: flipBit },
  truncate: { mayFail: 'nobody', forgets: true, before: truncate },
  'close-output': { mayFail: 'target', forgets: false, during: async ({ target }) => target.closeOutput() },
  // Two hours later, so that nothing is spared for being young.
  collect: { mayFail: 'nobody', forgets: false, needs: 'faketime', during: collecting('30') },
  'collect-all': { mayFail: 'nobody', forgets: true, needs: 'faketime', during: collecting('0') },
  clock: {
    mayFail: 'nobody',
    forgets: false,
    needs: 'faketime',
    start: ({ chance }, store) => {
      const file = join(store, '..', 'clock');
      writeFileSync(file, chance < 0.3 ? '-2d' : '+0');
      return { env: { LD_PRELOAD: library ?? '', FAKETIME_TIMESTAMP_FILE: file, ...steady } };
    },
    during: async ({ store, fault }) => {
      writeFileSync(join(store, '..', 'clock'), fault.chance < 0.6 ? '-3d' : '+90d');
    },
  },
  'edit-and-undo': {
    mayFail: 'anybody',
    forgets: false,
    // Mostly while sources are read.
    hurry: 0.3,
    during: async ({ write, fault }) => {
      for (let times = 0; times < 1 + fault.chance * 6; times += 1) {
        write([fault.edit]);
        await delay(20 + ((fault.chance * 7919) % 1) * 150);
        write([]);
        await delay(20 + ((fault.chance * 104_729) % 1) * 150);
      }
    },
  },
  'remove-claims': {
    mayFail: 'nobody',
    forgets: false,
    during: async ({ store }) => {
      const claims = join(store, 'locks', 'claims');
      for (const name of existsSync(claims) ? readdirSync(claims) : []) rmSync(join(claims, name), { force: true });
    },
  },
};

function collecting(olderThan: string): NonNullable<FaultRule['during']> {
  return async ({ beside, target }) => {
    for (let times = 0; times < 3 && target.isAlive; times += 1) {
      await beside(['cache', 'collect', '--older-than', olderThan], clockOff('+2h'));
    }
  };
}

/** Comes back when the time of a fault has come, or the driver has ended before. */
export async function timeOf(when: When, { hurry = 1 }: FaultRule, target: Driver, store: string): Promise<void> {
  const over = new AbortController();
  const ended = target.ended.finally(() => over.abort());
  if ('event' in when) return target.saw(when.event);
  if ('afterMs' in when) {
    return void (await Promise.race([
      delay(when.afterMs * hurry, undefined, { signal: over.signal }).catch(() => undefined),
      ended,
    ]));
  }
  const folder = join(store, when.touched);
  if (!existsSync(folder)) return target.saw(1);
  const watcher = watch(folder);
  await Promise.race([new Promise((resolve) => watcher.once('change', resolve)), ended]);
  watcher.close();
}

function end(driver: Driver, signal: NodeJS.Signals): void {
  driver.wasDisturbed = true;
  driver.signal(signal);
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended by itself
    }
  }
}

/** All in the space of processes that a child of this one made. */
function processesBelow(pid: number): number[] {
  const space = (id: number | string, name = 'pid'): string | undefined => {
    try {
      return readlinkSync(`/proc/${id}/ns/${name}`);
    } catch {
      return undefined; // it has ended
    }
  };
  const inner = space(pid, 'pid_for_children');
  if (inner === undefined || inner === space('self')) return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && space(name) === inner ? [Number(name)] : []));
}
