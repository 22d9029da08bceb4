import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../cache/problem.ts';
import {
  bringUp,
  endOf,
  endServer,
  refuseOtherCommand,
  type Server,
  signalProcesses,
  startProgram,
} from './brought-services.ts';
import { findTask } from './find-task.ts';
import { asHere } from './localise-job.ts';
import { failureOf } from '../attempt/judge.ts';
import { type Part, ServedJob } from '../job/served-job.ts';
import { dyingMs } from '../services/service-life.ts';
import { nodeArgs } from '../job/worker-args.ts';

/** So soon a signal that Slurm sends to all processes of a job has reached each of them, in milliseconds. */
const allToldMs = 200;

const folder = process.argv[2] ?? '';
/** Where this copy of the job writes. */
const here = process.env.STET_HERE ?? folder;
/** The job is to end. */
const stopping = new AbortController();
/** What its program gets to know, once it runs. */
let pass: (signal: NodeJS.Signals) => void = () => {};
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopping.abort();
    pass(signal);
  });
}
for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => pass(signal));

/** Brings up the services of a job, runs its program beside them, and ends them: `with-services.js JOB_FOLDER`. */
async function main(): Promise<number> {
  const told = ServedJob.parse(JSON.parse(readFileSync(join(folder, 'services.json'), 'utf8')));
  process.chdir(told.root);
  const environment = environments(told);
  const servers: Server[] = [];
  try {
    const rising = await Promise.allSettled(
      told.services.map(async (service) => {
        const place = { folder, here, env: environment(service.part), stopping: stopping.signal };
        servers.push(await bringUp(service, place));
      }),
    );
    if (stopping.signal.aborted) return 128 + constants.signals.SIGTERM;
    const failed = rising.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return await runProgram(told, environment(told.program), servers);
  } finally {
    await Promise.all(servers.map((server) => endServer(server)));
  }
}

/** The job's own program; whoever fails because its server died is not to blame. */
async function runProgram(told: ServedJob, env: Record<string, string>, servers: readonly Server[]): Promise<number> {
  const urls = JSON.stringify(Object.fromEntries(servers.map(({ address, url }) => [address, url])));
  const ownEnv = { ...env, STET_SERVICES: urls };
  const job = asHere(told.job, folder, { ...process.env, STET_SERVICES: urls });
  const spec = await findTask(job);
  refuseOtherCommand(spec, told.job, told.program.command);
  if (stopping.signal.aborted) return 128 + constants.signals.SIGTERM;
  const args = spec.command?.(job.inputs, job.out, { resuming: job.resuming }) ?? nodeArgs('worker', folder);
  const child = startProgram(args, { cwd: told.program.cwd, env: ownEnv, isLeader: true });
  pass = passOn(child);
  const code = endOf(child);
  void code.then(() => signalProcesses(child, 'SIGKILL')); // what it left behind
  const death = Promise.race(servers.map(async (server) => ({ server, how: await server.ended })));
  const first = await Promise.race([code, death]);
  const dead = typeof first === 'number' && first !== 0 ? await Promise.race([death, delay(dyingMs)]) : first;
  // Servers that are told to end with the whole job may be seen to do so before this process is.
  if (typeof dead === 'object') await delay(allToldMs);
  if (stopping.signal.aborted || typeof dead !== 'object') return await code;
  signalProcesses(child, 'SIGKILL');
  await code;
  throw new Problem('service-died', `The service ${labelOf(told, dead.server)} died while it was used: ${dead.how}.`, {
    hint: `What it said: ${dead.server.log}`,
  });
}

/**
 * What the job is told its program is told too. Slurm tells the end either to this process or to all of them, and a program that is
 * told twice may not get to save its state: a canary that sits beside it shows which it was.
 */
function passOn(child: ChildProcess): (signal: NodeJS.Signals) => void {
  const canary = startProgram(['sleep', '2147483'], { cwd: '/', env: { PATH: process.env.PATH ?? '' } });
  let isCanaryAlive = true;
  void endOf(canary).then(() => (isCanaryAlive = false));
  process.on('exit', () => canary.kill('SIGKILL'));
  return (signal) => {
    if (signal !== 'SIGTERM') child.kill(signal);
    else void delay(allToldMs).then(() => isCanaryAlive && child.kill(signal));
  };
}

/** What each part sees: its own variables, its own secrets, and its share of the GPUs, the services' first. */
function environments({ services, program }: ServedJob): (part: Part) => Record<string, string> {
  const parts = [...services.map(({ part }) => part), program];
  const secret = new Set(parts.flatMap(({ handed }) => handed));
  const visible = (process.env.CUDA_VISIBLE_DEVICES ?? '').split(',').filter((gpu) => gpu !== '');
  const firstGpu = new Map<Part, number>();
  let next = 0;
  for (const part of parts) {
    firstGpu.set(part, next);
    next += part.gpus;
  }
  return (part) => {
    const first = firstGpu.get(part) ?? 0;
    const inherited = Object.entries(process.env).flatMap(([name, value]) => {
      return value === undefined || (secret.has(name) && !part.handed.includes(name)) ? [] : [[name, value]];
    });
    return {
      ...(Object.fromEntries(inherited) as Record<string, string>),
      ...(next > 0 && visible.length > 0
        ? { CUDA_VISIBLE_DEVICES: visible.slice(first, first + part.gpus).join(',') }
        : {}),
      STET_CPUS: String(Math.max(1, Math.ceil(part.cpus))),
      ...part.env,
    };
  };
}

function labelOf({ services }: ServedJob, { address }: Server): string {
  return services.find((service) => service.address === address)?.job.label ?? address;
}

try {
  process.exit(await main());
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`${failure.message}\n`);
  writeFileSync(join(here, 'failure.json'), JSON.stringify(failure));
  process.exit(1);
}
