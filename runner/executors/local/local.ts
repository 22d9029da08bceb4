import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { execa as Execa } from 'execa';
import type { Resources } from '../../../tasks/core/resources.ts';
import { findHolder, type Holder, held, killHeld } from '../holder.ts';
import { endProcessesOf, noteEnded } from '../job-processes.ts';
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
  stopKilling: (() => void) | undefined;
}

/** Jobs as child processes of the driver, each under a holder and in a process group of its own, within what the machine has. */
export class LocalExecutor implements Executor {
  readonly outlivesDriver = false;
  #execa: typeof Execa | undefined;
  readonly #watchdog: Watchdog;
  /** The program that holds the processes of a job together; undefined where there is none. */
  #holder: Holder | undefined;
  readonly #slots: Slots;
  readonly #graceMs: number;
  /** By token. */
  readonly #running = new Map<string, LocalJob>();
  #listener: (change: Change) => void = () => {};

  constructor(capacity: Capacity, { graceMs = usualGraceMs }: { graceMs?: number } = {}) {
    this.#slots = new Slots(capacity);
    this.#graceMs = graceMs;
    this.#watchdog = new Watchdog({ graceMs });
  }

  async open(): Promise<void> {
    if (this.#execa) return;
    const { execa } = await import('execa');
    this.#holder = await findHolder();
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
    const child = this.#start(job, lease, this.#execa);
    const group = child.pid;
    if (group !== undefined) this.#watchdog.watch(group);
    const running: LocalJob = { job, lease, group, cancelled: false, timer: undefined, stopKilling: undefined };
    this.#running.set(job.token, running);
    if (group !== undefined) this.#listener({ type: 'started', job, host: hostname(), pid: group });
    void child.then((ended) => this.#exited(running, exitOf(ended, job)));
  }

  #start(job: Job, lease: Allocation, execa: typeof Execa) {
    const log = openSync(join(job.folder, 'log.txt'), 'a');
    const { args: given, cwd, env } = job.command;
    const [program = '', ...args] = this.#holder
      ? held(given, { holder: this.#holder, folder: job.folder })
      : [...given];
    const child = execa(program, args, {
      detached: true,
      cwd,
      cleanup: false,
      reject: false,
      buffer: false,
      extendEnv: false,
      env: {
        ...baseEnvironment(job.folder),
        ...gpuEnvironment(job.resources, lease),
        STET_CPUS: String(Math.max(1, lease.cpus)),
        ...env,
        ...job.secrets,
      },
      stdin: 'ignore',
      // Any open file descriptor works; the types know only the three standard ones.
      stdout: log as 1,
      stderr: log as 1,
    });
    closeSync(log);
    return child;
  }

  cancel(job: Job, { now = false }: { now?: boolean } = {}): void {
    const running = this.#running.get(job.token);
    if (!running?.group) return;
    running.cancelled = true;
    if (now) return this.#kill(running);
    signalGroup(running.group, 'SIGTERM');
    running.timer ??= setTimeout(() => this.#kill(running), this.#graceMs);
  }

  #kill(running: LocalJob): void {
    const { group } = running;
    if (group === undefined) return;
    if (this.#holder) running.stopKilling ??= killHeld(group);
    else signalGroup(group, 'SIGKILL');
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

  /** A holder has seen to it that nothing is left; unless it was killed itself, which looks as if its program was. */
  #exited(running: LocalJob, exit: Omit<Exit, 'cancelled'>): void {
    const { group, job } = running;
    clearTimeout(running.timer);
    running.stopKilling?.();
    if (group === undefined || (this.#holder && exit.signal !== 'SIGKILL')) return this.#ended(running, exit);
    signalGroup(group, 'SIGKILL');
    void endProcessesOf({ folder: job.folder })
      .then((names) => noteEnded(job.folder, names))
      .catch(() => {}) // a folder that is gone, or full, has no log to be told in
      .then(() => this.#ended(running, exit));
  }

  #ended({ job, group, lease, cancelled }: LocalJob, exit: Omit<Exit, 'cancelled'>): void {
    this.#running.delete(job.token);
    if (group !== undefined) this.#watchdog.forget(group);
    this.#slots.give(lease);
    this.#listener({ type: 'exited', job, exit: { ...exit, cancelled } });
  }
}

type Ended = Pick<Awaited<ReturnType<typeof Execa>>, 'exitCode' | 'signal' | 'code'>;

function exitOf({ exitCode, signal, code }: Ended, { folder, command }: Job): Omit<Exit, 'cancelled'> {
  const limit = limits.get(code ?? '') ?? (exitCode === notStartedCode ? notStartedBecause(folder) : undefined);
  if (limit !== undefined) return { code: null, signal: undefined, cause: 'never-started', detail: limit };
  const status = exitCode ?? notStarted(code, command.args[0] ?? '', command.cwd);
  return { code: status ?? null, signal: signal ?? undefined };
}

/** What a holder that cannot start its program ends with; why stands in a file, since programs may end so too. */
const notStartedCode = 71;

function notStartedBecause(folder: string): string | undefined {
  const path = join(folder, 'not-started');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
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
