import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Change, Executor, Exit, Job } from '../../runner/executors/executor.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import { eventually } from './eventually.ts';

export interface JobOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly resources?: Resources;
  readonly cwd?: string;
}

type ChangeOf = Exclude<Change, { type: 'trouble' }>;

/** An executor alone, with jobs in a folder: what it reports is kept in order. */
export class ExecutorStage {
  readonly executor: Executor;
  readonly folder: string;
  readonly changes: ChangeOf[] = [];
  /** What it said that changes nothing. */
  readonly troubles: string[] = [];
  #jobs = 0;

  static async open(executor: Executor, folder: string): Promise<ExecutorStage> {
    const stage = new ExecutorStage(executor, folder);
    executor.onChange((change) => {
      if (change.type === 'trouble') stage.troubles.push(change.message);
      else stage.changes.push(change);
    });
    await executor.open();
    return stage;
  }

  private constructor(executor: Executor, folder: string) {
    this.executor = executor;
    this.folder = folder;
  }

  /** A job folder as staging makes it, with nothing to put in. */
  job(args: readonly string[], { env = {}, secrets = {}, resources = {}, cwd }: JobOptions = {}): Job {
    this.#jobs += 1;
    const id = `job-${this.#jobs}`;
    const folder = join(this.folder, 'jobs', id);
    mkdirSync(folder, { recursive: true });
    const command = { args, cwd: cwd ?? folder, env };
    const token = `${randomUUID()}.${id}`;
    return { id, label: id, token, folder, command, resources, secrets };
  }

  /** A job that runs a script; `$0` is its folder. */
  script(text: string, options: JobOptions = {}): Job {
    const job = this.job([], options);
    return { ...job, command: { ...job.command, args: ['/bin/sh', '-c', text, job.folder] } };
  }

  submit(job: Job): Job {
    this.executor.submit(job);
    return job;
  }

  started(job: Job): Promise<ChangeOf> {
    return eventually(
      `${job.id} has started`,
      () => this.#of(job).find(({ type }) => type === 'started'),
      this.#told(),
    );
  }

  ended(job: Job): Promise<Exit> {
    const exit = (): Exit | undefined =>
      this.#of(job).flatMap((change) => (change.type === 'exited' ? [change.exit] : []))[0];
    return eventually(`${job.id} has ended`, exit, this.#told());
  }

  /** What became of a job; what a scheduler was asked and answered before is its own affair. */
  typesOf(job: Job): string[] {
    return this.#of(job).flatMap(({ type }) => (type === 'submitting' || type === 'submitted' ? [] : [type]));
  }

  log(job: Job): string {
    return readFileSync(join(job.folder, 'log.txt'), 'utf8');
  }

  #of(job: Job): ChangeOf[] {
    return this.changes.filter((change) => change.job.token === job.token);
  }

  #told(): { seconds: number; told: () => string } {
    return { seconds: 30, told: () => `after ${this.changes.map(({ type, job }) => `${job.id} ${type}`).join(', ')}` };
  }
}
