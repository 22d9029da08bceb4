import { closeSync, existsSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { execa as Execa } from 'execa';
import type { Resources } from '../../../tasks/core/resources.ts';
import { signalGroup } from '../process-group.ts';
import type { Capacity } from '../capacity.ts';
import { type Allocation, Slots } from '../slots.ts';
import { baseEnvironment, inheritedEnvironment } from '../environment.ts';
import type { Change, Executor, Exit, Job, QueueStatus } from '../executor.ts';
import { Watchdog } from './watchdog.ts';

/** Between telling a job to stop and killing it. Long enough to write a checkpoint of some gigabytes. */
const usualGraceMs = 10_000;

interface LocalJob {
  readonly job: Job;
  readonly lease: Allocation;
  readonly group: number | undefined;
  cancelled: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Jobs as child processes of the driver, each in its own process group, within what the machine has. */
export class LocalExecutor implements Executor {
  readonly outlivesDriver = false;
  #execa: typeof Execa | undefined;
  readonly #watchdog = new Watchdog();
  readonly #slots: Slots;
  readonly #graceMs: number;
  /** By token. */
  readonly #running = new Map<string, LocalJob>();
  #listener: (change: Change) => void = () => {};

  constructor(capacity: Capacity, { graceMs = usualGraceMs }: { graceMs?: number } = {}) {
    this.#slots = new Slots(capacity);
    this.#graceMs = graceMs;
  }

  async open(): Promise<void> {
    if (this.#execa) return;
    const { execa } = await import('execa');
    await this.#watchdog.start();
    this.#execa = execa;
  }

  hasRoom(resources: Resources): boolean {
    const lease = this.#slots.take(resources);
    if (lease) this.#slots.give(lease);
    return lease !== undefined;
  }

  refusal(resources: Resources): string | undefined {
    return this.#slots.refusals(resources)[0];
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    const lease = this.#slots.take(job.resources, { isService: job.isService ?? false });
    if (!lease || !this.#execa) throw new Error(`no room for ${job.label}, or not open`); // the coordinator asks first
    const log = openSync(join(job.folder, 'log.txt'), 'a');
    const [program = '', ...args] = job.command.args;
    const child = this.#execa(program, args, {
      detached: true,
      cwd: job.command.cwd,
      cleanup: false,
      reject: false,
      buffer: false,
      extendEnv: false,
      env: {
        ...baseEnvironment(job.folder),
        ...gpuEnvironment(job.resources, lease),
        STET_CPUS: String(Math.max(1, lease.cpus)),
        ...job.command.env,
        ...job.secrets,
      },
      stdin: 'ignore',
      // Any open file descriptor works; the types know only the three standard ones.
      stdout: log as 1,
      stderr: log as 1,
    });
    closeSync(log);
    const group = child.pid;
    if (group !== undefined) this.#watchdog.watch(group);
    this.#running.set(job.token, { job, lease, group, cancelled: false, timer: undefined });
    if (group !== undefined) this.#listener({ type: 'started', job, host: hostname(), pid: group });
    void child.then(({ exitCode, signal, code }) => {
      const limit = limits.get(code ?? '');
      if (limit !== undefined)
        return this.#ended(job, { code: null, signal: undefined, cause: 'never-started', detail: limit });
      const status = exitCode ?? notStarted(code, program, job.command.cwd);
      return this.#ended(job, { code: status ?? null, signal: signal ?? undefined });
    });
  }

  cancel(job: Job, { now = false }: { now?: boolean } = {}): void {
    const running = this.#running.get(job.token);
    if (!running?.group) return;
    running.cancelled = true;
    signalGroup(running.group, now ? 'SIGKILL' : 'SIGTERM');
    if (!now) running.timer ??= setTimeout(() => running.group && signalGroup(running.group, 'SIGKILL'), this.#graceMs);
  }

  /** A local job dies with its driver, so there is nothing to take over: it has to start again. */
  adopt(job: Job): void {
    const exit = { code: null, signal: undefined, cancelled: false, cause: 'never-started' as const };
    queueMicrotask(() => this.#listener({ type: 'exited', job, exit }));
  }

  queueStatus(): QueueStatus | undefined {
    return undefined;
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {
    for (const { job } of this.#running.values()) this.cancel(job, { now: true });
    await this.#watchdog.close();
  }

  #ended(job: Job, exit: Omit<Exit, 'cancelled'>): void {
    const running = this.#running.get(job.token);
    if (!running) return;
    this.#running.delete(job.token);
    clearTimeout(running.timer);
    if (running.group !== undefined) {
      signalGroup(running.group, 'SIGKILL'); // what the job left behind in its group
      this.#watchdog.forget(running.group);
    }
    this.#slots.give(running.lease);
    this.#listener({ type: 'exited', job, exit: { ...exit, cancelled: running.cancelled } });
  }
}

/** What keeps the system from starting one more process, by the code of its error. */
const limits: ReadonlyMap<string | undefined, string> = new Map([
  ['EAGAIN', 'this user may not start more processes: ulimit -u'],
  ['EMFILE', 'this process may not open more files: ulimit -n'],
  ['ENFILE', 'this machine cannot open more files'],
  ['ENOMEM', 'this machine has no memory left for another process'],
]);

/** The exit code of a shell that could not start a program. */
function notStarted(code: string | undefined, program: string, cwd: string): number | undefined {
  if (code === 'ENOENT') return existsSync(cwd) ? 127 : undefined;
  if (code !== 'EACCES') return undefined;
  // A folder of PATH that may not be read gives the same error as a program that may not be executed.
  const places = program.includes('/') ? [resolve(cwd, program)] : pathFolders().map((folder) => join(folder, program));
  return places.some((place) => existsSync(place)) ? 126 : 127;
}

function pathFolders(): string[] {
  return (inheritedEnvironment().PATH ?? '').split(delimiter).filter((folder) => folder !== '');
}

function gpuEnvironment({ gpus = 0 }: Resources, lease: Allocation): Record<string, string> {
  return gpus > 0 ? { CUDA_VISIBLE_DEVICES: lease.gpus.join(',') } : {};
}
