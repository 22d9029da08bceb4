import { closeSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { execa as Execa } from 'execa';
import type { Resources } from '../../tasks/core/resources.ts';
import { type Capacity, type Lease, Slots } from '../slots.ts';
import type { Change, Executor, Exit, Job } from './executor.ts';
import { Keeper } from './keeper.ts';

/** Between telling a job to stop and killing it. Long enough to write a checkpoint of some gigabytes. */
const graceMs = 10_000;

interface Running {
  readonly lease: Lease;
  readonly group: number | undefined;
  cancelled: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Jobs as child processes of the driver, each in its own process group, within what the machine has. */
export class LocalExecutor implements Executor {
  readonly #execa: typeof Execa;
  readonly #keeper: Keeper;
  readonly #slots: Slots;
  readonly #running = new Map<Job, Running>();
  #listener: (change: Change) => void = () => {};

  static async open(capacity: Capacity): Promise<LocalExecutor> {
    const { execa } = await import('execa');
    const keeper = new Keeper();
    await keeper.start();
    return new LocalExecutor(execa, keeper, new Slots(capacity));
  }

  private constructor(execa: typeof Execa, keeper: Keeper, slots: Slots) {
    this.#execa = execa;
    this.#keeper = keeper;
    this.#slots = slots;
  }

  hasRoom(resources: Resources): boolean {
    const lease = this.#slots.take(resources);
    if (lease) this.#slots.give(lease);
    return lease !== undefined;
  }

  refusal(resources: Resources): string | undefined {
    return this.#slots.refusal(resources);
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    const lease = this.#slots.take(job.resources);
    if (!lease) throw new Error(`no room for ${job.label}`); // the coordinator asks first
    const log = openSync(join(job.folder, 'log.txt'), 'a');
    const child = this.#execa('/bin/sh', [join(job.folder, 'job.sh')], {
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      extendEnv: false,
      env: { ...baseEnvironment(job.folder), ...gpuEnvironment(job.resources, lease), STET_CPUS: String(lease.cpus), ...job.secrets },
      stdin: 'ignore',
      // Any open file descriptor works; the types know only the three standard ones.
      stdout: log as 1,
      stderr: log as 1,
    });
    closeSync(log);
    const group = child.pid;
    if (group !== undefined) this.#keeper.watch(group);
    this.#running.set(job, { lease, group, cancelled: false, timer: undefined });
    this.#listener({ type: 'started', job, host: hostname(), ...(group === undefined ? {} : { pid: group }) });
    void child.then(({ exitCode, signal }) => this.#ended(job, { code: exitCode ?? null, signal: signal ?? undefined }));
  }

  cancel(job: Job, { now = false }: { now?: boolean } = {}): void {
    const running = this.#running.get(job);
    if (!running?.group) return;
    running.cancelled = true;
    signalGroup(running.group, now ? 'SIGKILL' : 'SIGTERM');
    if (!now) running.timer ??= setTimeout(() => running.group && signalGroup(running.group, 'SIGKILL'), graceMs);
  }

  async close(): Promise<void> {
    for (const job of this.#running.keys()) this.cancel(job, { now: true });
    await this.#keeper.close();
  }

  #ended(job: Job, exit: Omit<Exit, 'cancelled'>): void {
    const running = this.#running.get(job);
    if (!running) return;
    this.#running.delete(job);
    clearTimeout(running.timer);
    if (running.group !== undefined) {
      signalGroup(running.group, 'SIGKILL'); // what the job left behind in its group
      this.#keeper.forget(running.group);
    }
    this.#slots.give(running.lease);
    this.#listener({ type: 'exited', job, exit: { ...exit, cancelled: running.cancelled } });
  }
}

/** What every job sees besides its declared environment: declared or absent. */
export function baseEnvironment(jobFolder: string): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ'];
  const given = kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] as string]]));
  return {
    ...(Object.fromEntries(given) as Record<string, string>),
    TMPDIR: join(jobFolder, 'scratch'),
    STET_JOB: jobFolder,
    STET_PROGRESS: join(jobFolder, 'progress.jsonl'),
  };
}

function gpuEnvironment({ gpus = 0 }: Resources, lease: Lease): Record<string, string> {
  return gpus > 0 ? { CUDA_VISIBLE_DEVICES: lease.gpus.join(',') } : {};
}

export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false; // the group is gone: what was wanted is so
  }
}
