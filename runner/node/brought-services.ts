import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import type { ServiceNode } from '../../tasks/core/node.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { findNodeOf } from './find-task.ts';
import type { WorkerJob } from '../job/worker-job.ts';
import type { Ports } from '../services/ports.ts';
import { commandIn } from '../keys/command.ts';
import { asPromised, type ServedJob } from '../job/served-job.ts';
import { type Loan, ServerLife, type ServerMove } from '../services/server-life.ts';
import { onPort } from '../keys/service-task.ts';
import { nodeArgs } from '../job/worker-args.ts';
import { Program } from './program.ts';

type Brought = ServedJob['services'][number];

/** A service that came along with a job, and is up. */
export interface BroughtServer {
  readonly address: string;
  readonly label: string;
  readonly life: ServerLife;
  readonly loan: Loan;
}

interface BringUpOptions {
  /** The job's folder, and where this copy of it writes. */
  readonly folder: string;
  readonly here: string;
  readonly env: NodeJS.ProcessEnv;
  readonly ports: Ports;
  /** The job is to end: nothing more is started. */
  readonly stopping: AbortSignal;
}

/** Starts a service until it is up. Throws `service-failed` when it does not come up, and `stopped`. */
export async function bringUp(brought: Brought, options: BringUpOptions): Promise<BroughtServer> {
  const { address, job, part } = brought;
  const { label } = job;
  const { ports, stopping } = options;
  const { spec, options: call } = (await findNodeOf(job)) as ServiceNode;
  refuseOtherCommand(onPort(spec, 0), job, part.command);
  return await new Promise((resolve, reject) => {
    const stopped = new Problem('stopped', 'The job was told to stop.');
    const begin = (port: number, attempt: number): Program => {
      if (stopping.aborted) throw stopped;
      return startServer(brought, spec.command?.(job.inputs, port), { ...options, port, attempt });
    };
    const moved = (move: ServerMove): void => {
      if (move.type === 'up') return resolve({ address, label, life, loan: move.loan });
      if (move.type === 'stopped') return reject(stopped);
      if (move.type === 'died') return; // whoever uses it sees that
      if (life.phase === 'due') return void life.start(begin).catch(reject);
      const message = `The service ${label} did not come up: ${asClause(move.failure.message)}`;
      reject(new Problem('service-failed', message, { hint: `What it said: ${move.log}` }));
    };
    const life = new ServerLife({ ready: spec.ready, scheme: spec.scheme, retries: call.retries, ports, moved });
    // One that is up is there for the job's program, and ends after it.
    stopping.addEventListener('abort', () => life.phase === 'up' || void life.stop());
    life.start(begin).catch(reject);
  });
}

/** A sentence as the end of another. */
export function asClause(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function startServer(
  { place, part }: Brought,
  command: readonly string[] | undefined,
  { folder, here, env, port, attempt }: BringUpOptions & { port: number; attempt: number },
): Program {
  const own = join(here, place);
  mkdirSync(own, { recursive: true });
  return new Program(command ?? nodeArgs('worker', join(folder, place)), {
    cwd: part.cwd,
    env: { ...env, STET_HERE: own, STET_PORT: String(port), STET_PROGRESS: join(own, 'progress.jsonl') },
    // A line of an earlier attempt must not say that this one is up.
    log: join(own, attempt === 1 ? 'log.txt' : `log.${attempt}.txt`),
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
