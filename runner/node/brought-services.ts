import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../cache/problem.ts';
import type { ServiceNode } from '../../tasks/core/node.ts';
import type { Readiness, TaskSpec } from '../../tasks/core/spec.ts';
import { findNodeOf } from './find-task.ts';
import { freePort, isListening } from '../services/free-port.ts';
import type { WorkerJob } from '../job/job.ts';
import { isForeign } from '../services/port-owner.ts';
import { becomesReady, readinessInWords } from '../services/readiness.ts';
import { signalGroup } from '../executors/process-group.ts';
import { commandIn } from '../keys/recipes.ts';
import { asPromised, type ServedJob } from '../job/served-job.ts';
import { dyingMs, mostConflicts } from '../services/service-life.ts';
import { onPort } from '../keys/service-task.ts';
import { nodeArgs } from '../job/worker-args.ts';

/** Between telling a server to end and killing it, in milliseconds. */
const graceMs = 10_000;

/** A service that came along with a job, while it is up. */
export interface Server {
  readonly address: string;
  readonly url: string;
  readonly log: string;
  readonly child: ChildProcess;
  /** How it ended, in words. */
  readonly ended: Promise<string>;
}

export interface ServicePlace {
  /** The job's folder, and where this copy of it writes. */
  readonly folder: string;
  readonly here: string;
  readonly env: Readonly<Record<string, string>>;
  /** The job is to end: nothing more is started. */
  readonly stopping: AbortSignal;
}

type Brought = ServedJob['services'][number];

const taken = new Set<number>();

/** Starts a service: on other ports as often as they are taken, and else as often as the pipeline says. */
export async function bringUp(service: Brought, place: ServicePlace): Promise<Server> {
  const node = (await findNodeOf(service.job)) as ServiceNode;
  const { ready } = node.spec;
  refuseOtherCommand(onPort(node.spec, 0), service.job, service.part.command);
  let [conflicts, retries] = [0, node.options.retries ?? 0];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort(taken);
    taken.add(port);
    const server = start(service, node, { ...place, port, attempt });
    let how: string | undefined;
    let isTaken = false;
    try {
      const isUp = await isReady(server, ready, { port, stopping: place.stopping });
      if (isUp && !isForeign(port, server.child.pid ?? 0)) return server;
      how = await Promise.race([server.ended, delay(dyingMs, undefined)]);
      isTaken = isUp || (how !== undefined && (await isListening(port)));
    } catch (error) {
      await endServer(server);
      throw error;
    }
    await endServer(server);
    if (place.stopping.aborted) throw new Problem('stopped', 'The job was told to stop.');
    if (isTaken && conflicts < mostConflicts) conflicts += 1;
    else if (retries > 0) retries -= 1;
    else {
      const message = how ?? `it was not ready within ${ready.withinSeconds} s: ${readinessInWords(ready)}`;
      throw new Problem('service-failed', `The service ${service.job.label} did not come up: ${message}.`, {
        hint: `What it said: ${server.log}`,
      });
    }
  }
}

async function isReady(
  { log, ended }: Server,
  ready: Readiness,
  { port, stopping }: { port: number; stopping: AbortSignal },
): Promise<boolean> {
  const waiting = new AbortController();
  const signal = AbortSignal.any([waiting.signal, stopping]);
  const isUp = await Promise.race([becomesReady(ready, { port, log, signal }), ended.then(() => false)]);
  waiting.abort();
  return isUp;
}

/** Tells a server to end, and sees to it that it does, with all that it started. */
export async function endServer({ child, ended }: Server): Promise<void> {
  signalProcesses(child, 'SIGTERM');
  await Promise.race([ended, delay(graceMs, undefined, { ref: false })]);
  signalProcesses(child, 'SIGKILL');
  await ended;
}

function start(
  { address, place, job, part }: Brought,
  { spec }: ServiceNode,
  { folder, here, env, port, attempt }: ServicePlace & { port: number; attempt: number },
): Server {
  const own = join(here, place);
  mkdirSync(own, { recursive: true });
  // A line of an earlier attempt must not say that this one is up.
  const log = join(own, attempt === 1 ? 'log.txt' : `log.${attempt}.txt`);
  const args = spec.command?.(job.inputs, port) ?? nodeArgs('worker', join(folder, place));
  const child = startProgram(args, {
    cwd: part.cwd,
    env: { ...env, STET_HERE: own, STET_PORT: String(port), STET_PROGRESS: join(own, 'progress.jsonl') },
    log,
    isLeader: true,
  });
  return {
    address,
    url: `${spec.scheme}://127.0.0.1:${port}`,
    log,
    child,
    ended: endOf(child).then((code) =>
      code === 127 ? 'its program was not found' : `it ended with exit code ${code}`,
    ),
  };
}

export interface ProgramPlace {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A file for what it prints; by default where this process prints. */
  readonly log?: string;
  /** It leads a process group of its own. */
  readonly isLeader?: boolean;
}

export function startProgram(
  [program = '', ...args]: readonly string[],
  { cwd, env, log, isLeader = false }: ProgramPlace,
): ChildProcess {
  const output = log === undefined ? ('inherit' as const) : openSync(log, 'a');
  const child = spawn(program, args, { cwd, env, detached: isLeader, stdio: ['ignore', output, output] });
  if (typeof output === 'number') closeSync(output);
  return child;
}

/** The exit code as a shell tells it: 127 when there is no such program, above 128 after a signal. */
export function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/**
 * Commands are made here, and counted in the driver: what depends on more than its inputs would be another than the one that its
 * result is kept for. Throws `command-differs`.
 */
export function refuseOtherCommand(spec: TaskSpec, { label, inputs }: WorkerJob, counted?: readonly string[]): void {
  if (counted === undefined) return;
  const here = commandIn(spec, asPromised(inputs));
  if (here.length === counted.length && here.every((word, i) => word === counted[i])) return;
  throw new Problem('command-differs', `The command of ${label} is another on its node than in the driver.`, {
    hint: 'Where services come along it is made on the node: let it depend on its inputs alone, and not on the environment.',
  });
}

/** To a program that leads a group, and all that it started. */
export function signalProcesses({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid !== undefined) signalGroup(pid, signal);
}
