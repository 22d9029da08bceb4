import { join } from 'node:path';
import { judge } from '../attempt/judge.ts';
import type { Change, Executor } from '../executors/executor.ts';
import type { StagedJob } from '../job/staged-job.ts';
import type { Failure } from '../log/events.ts';
import type { ServerProcess } from './server-life.ts';

/** A server as a job of an executor. It takes the changes of that job. */
export class JobProcess implements ServerProcess {
  readonly job: StagedJob;
  readonly log: string;
  readonly ended: Promise<Failure>;
  readonly tell: () => void;
  readonly kill: () => void;
  group: number | undefined;
  #end: (failure: Failure) => void = () => {};

  constructor(executor: Executor, job: StagedJob) {
    this.job = job;
    this.log = join(job.folder, 'log.txt');
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.tell = () => executor.cancel(job);
    this.kill = () => executor.cancel(job, { now: true });
  }

  take(change: Change): void {
    if (change.type === 'started') this.group = change.pid;
    if (change.type === 'exited') this.#end(judge(this.job, change.exit) ?? endedEarly);
  }
}

const endedEarly: Failure = {
  code: 'ended-early',
  message: 'It ended by itself, with exit code 0, while it was needed.',
};
