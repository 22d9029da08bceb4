import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../cache/problem.ts';
import { writeWhole } from '../../cache/write-whole.ts';
import { asClause, bringUp, type BroughtServer, refuseOtherCommand } from './brought-services.ts';
import { findTask } from './find-task.ts';
import { asHere } from './localise-job.ts';
import { Program } from './program.ts';
import { failureOf } from '../attempt/failure-of.ts';
import { type Part, ServedJob } from '../job/served-job.ts';
import { nodeArgs } from '../job/worker-args.ts';
import { Ports } from '../services/ports.ts';
import { serviceDied } from '../services/server-life.ts';

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
  const served = ServedJob.parse(JSON.parse(readFileSync(join(folder, 'services.json'), 'utf8')));
  process.chdir(served.root);
  const environment = environments(served);
  const ports = new Ports();
  const servers: BroughtServer[] = [];
  try {
    const rising = await Promise.allSettled(
      served.services.map(async (service) => {
        const options = { folder, here, env: environment(service.part), ports, stopping: stopping.signal };
        servers.push(await bringUp(service, options));
      }),
    );
    if (stopping.signal.aborted) return 128 + constants.signals.SIGTERM;
    const failed = rising.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
    return await runProgram(served, environment(served.program), servers);
  } finally {
    await Promise.all(servers.map(({ life }) => life.stop()));
  }
}

/** The job's own program; whoever fails because its server died is not to blame. */
async function runProgram(
  served: ServedJob,
  env: NodeJS.ProcessEnv,
  servers: readonly BroughtServer[],
): Promise<number> {
  const urls = JSON.stringify(Object.fromEntries(servers.map(({ address, loan }) => [address, loan.url])));
  const job = asHere(served.job, folder, { ...process.env, STET_SERVICES: urls });
  const spec = await findTask(job);
  refuseOtherCommand(spec, served.job, served.program.command);
  if (stopping.signal.aborted) return 128 + constants.signals.SIGTERM;
  const args = spec.command?.(job.inputs, job.out, { resuming: job.resuming }) ?? nodeArgs('worker', folder);
  const program = new Program(args, { cwd: served.program.cwd, env: { ...env, STET_SERVICES: urls } });
  pass = passOn(program);
  const first = await Promise.race([program.exitCode, ...servers.map(({ loan }) => loan.over)]);
  if (first === 0) return first;
  // Servers that are told to end with the whole job may be seen to do so before this process is.
  await delay(allToldMs);
  if (stopping.signal.aborted) return await program.exitCode;
  const deaths = await Promise.all(servers.map(({ life, loan }) => life.deathOf(loan)));
  const dead = servers.find((_, i) => deaths[i] !== undefined);
  if (!dead || stopping.signal.aborted) return await program.exitCode;
  program.kill();
  await program.exitCode;
  const { label, loan } = dead;
  const { code, message, hint } = serviceDied(label, { death: asClause(loan.death ?? ''), log: loan.process.log });
  throw new Problem(code, message, { hint });
}

/**
 * What the job is told its program is told too. Slurm tells the end either to this process or to all of them, and a program that is
 * told twice may not get to save its state: a canary that sits beside it shows which it was.
 */
function passOn(program: Program): (signal: NodeJS.Signals) => void {
  const env = { PATH: process.env.PATH ?? '' };
  const canary = spawn('sleep', ['2147483'], { cwd: '/', env, stdio: 'ignore' });
  let isCanaryAlive = true;
  for (const end of ['error', 'exit']) canary.once(end, () => (isCanaryAlive = false));
  process.on('exit', () => canary.kill('SIGKILL'));
  return (signal) => {
    if (signal !== 'SIGTERM') program.signal(signal);
    else void delay(allToldMs).then(() => isCanaryAlive && program.signal(signal));
  };
}

/** What each part sees: its own variables, its own secrets, and its share of the GPUs, the services' first. */
function environments({ services, program }: ServedJob): (part: Part) => NodeJS.ProcessEnv {
  const parts = [...services.map(({ part }) => part), program];
  const secrets = new Set(parts.flatMap(({ handed }) => handed));
  const visible = (process.env.CUDA_VISIBLE_DEVICES ?? '').split(',').filter((gpu) => gpu !== '');
  const isShared = visible.length > 0 && parts.some(({ gpus }) => gpus > 0);
  const gpusOf = new Map(parts.map((part) => [part, visible.splice(0, part.gpus).join(',')]));
  return (part) => {
    const inherited = Object.entries(process.env).filter(([name]) => !secrets.has(name) || part.handed.includes(name));
    return {
      ...Object.fromEntries(inherited),
      ...(isShared ? { CUDA_VISIBLE_DEVICES: gpusOf.get(part) } : {}),
      STET_CPUS: String(Math.max(1, Math.ceil(part.cpus))),
      ...part.env,
    };
  };
}

try {
  process.exit(await main());
} catch (error) {
  const failure = failureOf(error);
  process.stderr.write(`${failure.message}\n`);
  writeWhole(join(here, 'failure.json'), JSON.stringify(failure));
  process.exit(1);
}
