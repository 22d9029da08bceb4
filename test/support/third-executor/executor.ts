import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Capacity, localCapacity } from '../../../runner/executors/capacity.ts';
import type { ExecutorSite, MakeOptions } from '../../../runner/executors/door.ts';
import { baseEnvironment } from '../../../runner/executors/environment.ts';
import type { Change, Executor, Exit, Job } from '../../../runner/executors/executor.ts';
import { findHolder, type Holder, held, killHeld } from '../../../runner/executors/holder.ts';
import { signalGroup } from '../../../runner/executors/process-group.ts';
import { type Allocation, Slots } from '../../../runner/executors/slots.ts';
import type { Resources } from '../../../tasks/core/resources.ts';

/** So long a job that was told to stop may take, in milliseconds. */
const graceMs = 2_000;

interface Running {
  readonly job: Job;
  readonly lease: Allocation;
  readonly group: number | undefined;
  isCancelled: boolean;
  stopKilling?: () => void;
}

export async function makeThird({ machine }: ExecutorSite, options: MakeOptions): Promise<Executor> {
  return new ThirdExecutor(await localCapacity(machine, options));
}

/** An executor that somebody else might have written: children of the driver, and nothing of the local executor. */
class ThirdExecutor implements Executor {
  readonly outlivesDriver = false;
  readonly #slots: Slots;
  readonly #running = new Map<string, Running>();
  #listener: (change: Change) => void = () => {};
  #holder: Holder | undefined;

  constructor(capacity: Capacity) {
    this.#slots = new Slots(capacity);
  }

  async open(): Promise<void> {
    this.#holder = await findHolder();
  }

  hasRoom(resources: Resources): boolean {
    const lease = this.#slots.take(resources);
    if (lease) this.#slots.give(lease);
    return lease !== undefined;
  }

  refusal(resources: Resources): string | undefined {
    return this.#slots.refusals(resources).join(', and ') || undefined;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listener = listener;
  }

  submit(job: Job): void {
    const lease = this.#slots.take(job.resources, { isService: job.isService ?? false });
    if (!lease) throw new Error(`no room for ${job.label}`);
    const child = started(job, lease, this.#holder);
    const group = child.pid;
    this.#running.set(job.token, { job, lease, group, isCancelled: false });
    if (group !== undefined) this.#listener({ type: 'started', job, host: hostname(), pid: group });
    child.on('error', ({ code }: NodeJS.ErrnoException) =>
      this.#ended(job, { code: code === 'EACCES' ? 126 : 127, signal: undefined }),
    );
    child.on('exit', (code, signal) => this.#ended(job, { code, signal: signal ?? undefined }));
  }

  adopt(job: Job): void {
    const exit = { code: null, signal: undefined, cancelled: false, cause: 'never-started' as const };
    queueMicrotask(() => this.#listener({ type: 'exited', job, exit }));
  }

  cancel({ token }: Job, { now = false }: { now?: boolean } = {}): void {
    const running = this.#running.get(token);
    if (running?.group === undefined) return;
    running.isCancelled = true;
    if (!now) signalGroup(running.group, 'SIGTERM');
    else if (this.#holder) running.stopKilling ??= killHeld(running.group);
    else signalGroup(running.group, 'SIGKILL');
    if (!now) setTimeout(() => this.#running.has(token) && this.cancel(running.job, { now: true }), graceMs).unref();
  }

  queueStatus(): undefined {
    return undefined;
  }

  async settle(): Promise<void> {}

  async close(): Promise<void> {
    for (const { job } of this.#running.values()) this.cancel(job, { now: true });
  }

  #ended({ token }: Job, exit: Omit<Exit, 'cancelled'>): void {
    const running = this.#running.get(token);
    if (!running) return;
    this.#running.delete(token);
    running.stopKilling?.();
    if (running.group !== undefined) signalGroup(running.group, 'SIGKILL');
    this.#slots.give(running.lease);
    this.#listener({ type: 'exited', job: running.job, exit: { ...exit, cancelled: running.isCancelled } });
  }
}

function started(
  { folder, command, resources, secrets }: Job,
  lease: Allocation,
  holder: Holder | undefined,
): ChildProcess {
  const [program = '', ...args] = holder ? held(command.args, { holder, folder }) : command.args;
  const log = openSync(join(folder, 'log.txt'), 'a');
  try {
    const gpus = (resources.gpus ?? 0) > 0 ? { CUDA_VISIBLE_DEVICES: lease.gpus.join(',') } : {};
    const cpus = { STET_CPUS: String(Math.max(1, lease.cpus)) };
    return spawn(program, args, {
      detached: true,
      cwd: command.cwd,
      env: { ...baseEnvironment(folder), ...gpus, ...cpus, ...command.env, ...secrets },
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}
