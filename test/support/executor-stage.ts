import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Change, Executor, Exit, Job } from '../../runner/executors/executor.ts';
import { jobScript } from '../../runner/job-script.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import { eventually } from './eventually.ts';

export interface JobOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly resources?: Resources;
  readonly cwd?: string;
}

/** An executor alone, with jobs in a folder: what it reports is kept in order. */
export class ExecutorStage {
  readonly executor: Executor;
  readonly folder: string;
  readonly changes: Change[] = [];
  #jobs = 0;

  static async open(executor: Executor, folder: string): Promise<ExecutorStage> {
    const stage = new ExecutorStage(executor, folder);
    executor.onChange((change) => stage.changes.push(change));
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
    writeFileSync(join(folder, 'job.sh'), jobScript({ ...command, label: id, exitRecord: join(folder, 'exit.json') }));
    const token = `${basename(this.folder).toLowerCase()}-${id}`;
    return { id, label: id, token, folder, command, resources, secrets };
  }

  /** A job that runs a script; `$0` is its folder. */
  script(text: string, options: JobOptions = {}): Job {
    const job = this.job([], options);
    return this.#with(job, ['/bin/sh', '-c', text, job.folder]);
  }

  submit(job: Job): Job {
    this.executor.submit(job);
    return job;
  }

  started(job: Job): Promise<Change> {
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

  typesOf(job: Job): string[] {
    return this.#of(job).map(({ type }) => type);
  }

  log(job: Job): string {
    return readFileSync(join(job.folder, 'log.txt'), 'utf8');
  }

  #of(job: Job): Change[] {
    return this.changes.filter((change) => change.job.id === job.id);
  }

  #with(job: Job, args: readonly string[]): Job {
    const command = { ...job.command, args };
    const script = jobScript({ ...command, label: job.id, exitRecord: join(job.folder, 'exit.json') });
    writeFileSync(join(job.folder, 'job.sh'), script);
    return { ...job, command };
  }

  #told(): { seconds: number; told: () => string } {
    return { seconds: 30, told: () => `after ${this.changes.map(({ type, job }) => `${job.id} ${type}`).join(', ')}` };
  }
}
