import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { openStore } from '../../cache/store.ts';
import { verifyStore } from '../../cache/verify.ts';
import type { Event, EventOf } from '../../runner/log/events.ts';
import { listRuns, readEvents } from '../../runner/log/run-log.ts';
import type { CliProject, CliResult, Under, User } from './cli.ts';
import { eventually } from './eventually.ts';
import { FlakySlurm } from './flaky-slurm.ts';
import { Driver } from './program-process.ts';
import { hasEnded, type QueuedJob, type SlurmCluster } from './slurm.ts';
import { pipelineOf, projectOf, recordsIn, type SceneOptions, stageIn, undisturbed } from './slurm-project.ts';

type Appearance = 'begun' | 'ended' | 'told' | 'spoilt';

interface Sight<T extends Event['type']> {
  readonly fits?: (event: EventOf<T>) => boolean;
  readonly seconds?: number;
}

/** One appearance of a program: a line of the stage's files. */
export interface Entry {
  readonly name: string;
  readonly job: string;
  readonly restarts: number;
  readonly node: string;
}

/** The experiment in a project of its own on a cluster, with its programs and its drivers in the test's hands. */
export class SlurmScene {
  readonly project: CliProject;
  readonly flaky: FlakySlurm;
  readonly stage: string;
  readonly #cluster: SlurmCluster;
  readonly #options: SceneOptions;
  /** Without accounting Slurm takes any name: it tells this scene's jobs from those of others. */
  readonly account: string;
  readonly #drivers: Driver[] = [];

  constructor(t: Pick<TestContext, 'after'>, cluster: SlurmCluster, options: SceneOptions = {}) {
    this.#cluster = cluster;
    this.#options = options;
    // Folders go last: what ends before may still write there.
    const folders: (() => void)[] = [];
    const later = { after: (hook: unknown) => void folders.push(hook as () => void) };
    this.project = projectOf(later, options);
    this.flaky = new FlakySlurm(later);
    this.stage = stageIn(this.project);
    this.account = options.account ?? basename(this.project.folder).toLowerCase();
    if (options.user) this.giveTo(options.user);
    t.after(async () => {
      await this.#end();
      for (const remove of folders) remove();
    });
  }

  get store(): string {
    return this.#options.store ?? join(this.project.folder, '.stet');
  }

  /** A driver of the experiment on Slurm; with other words, any other command that lives for a while. */
  start(...words: string[]): Driver {
    return this.startUnder({}, ...words);
  }

  /** The same by another user, or from another shell. */
  startUnder(under: Under, ...words: string[]): Driver {
    const args = words.length > 0 ? words : this.runWords();
    const { user, shell } = this.#options;
    const driver = new Driver(this.project.start(args, this.#environment(), { user, shell, ...under }), args.join(' '));
    this.#drivers.push(driver);
    return driver;
  }

  /** Everything that there is so far is theirs and their group's. */
  giveTo({ uid, gid }: User): void {
    for (const folder of [this.project.folder, this.flaky.folder]) {
      execFileSync('chown', ['-R', `${uid}:${gid}`, folder]);
      execFileSync('chmod', ['-R', 'g+rwX', folder]);
      execFileSync('find', [folder, '-type', 'd', '-exec', 'chmod', 'g+s', '{}', '+']);
    }
  }

  runWords(...more: string[]): string[] {
    const { name } = pipelineOf(this.#options);
    return ['run', name, ...this.#params(), '--executor', 'slurm', ...more];
  }

  command(...args: string[]): Promise<CliResult> {
    return this.start(...args).ended();
  }

  /** Lets programs go on. */
  cue(...names: string[]): void {
    for (const name of names) writeFileSync(join(this.stage, 'cues', name), '');
  }

  /** Keeps the driver where it is when it comes there; `at` waits until it has. */
  gate(name: 'intent' | 'ingest'): void {
    writeFileSync(join(this.stage, 'gates', name), '');
  }
  async at(name: 'intent' | 'ingest'): Promise<void> {
    await eventually(`the driver is at its ${name}`, () => existsSync(join(this.stage, `at-${name}`)), this.#told());
  }
  open(name: 'intent' | 'ingest'): void {
    rmSync(join(this.stage, 'gates', name), { force: true });
  }

  /** What runs on a node writes rubbish from now on. */
  spoil(node: string): void {
    writeFileSync(join(this.stage, 'spoil', node), '');
  }

  /** The output of a program is written aside; `deliver` puts it in its place. */
  late(name: string): void {
    writeFileSync(join(this.stage, 'late', name), '');
  }

  deliver(name: string): void {
    const late = join(this.stage, 'late', name);
    renameSync(`${late}.copy`, readFileSync(late, 'utf8').trim());
  }

  /** Waits until a program has begun so many times; gives every time. */
  begun(name: string, times = 1, seconds = 30): Promise<Entry[]> {
    return this.#appeared('begun', name, times, seconds);
  }
  done(name: string, times = 1, seconds = 30): Promise<Entry[]> {
    return this.#appeared('ended', name, times, seconds);
  }
  told(name: string, times = 1, seconds = 30): Promise<Entry[]> {
    return this.#appeared('told', name, times, seconds);
  }

  spoilt(name: string, times = 1, seconds = 30): Promise<Entry[]> {
    return this.#appeared('spoilt', name, times, seconds);
  }

  /** How often a program has begun so far. */
  count(name: string): number {
    return this.entries('begun').filter((entry) => entry.name === name).length;
  }

  entries(what: Appearance): Entry[] {
    const path = join(this.stage, what);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [name, job, restarts, node] = line.split(' ');
        return name && job && node ? [{ name, job, restarts: Number(restarts), node }] : [];
      });
  }

  /** All events of the newest run. */
  events(): Event[] {
    const run = listRuns(this.store).at(-1);
    return run === undefined ? [] : readEvents(join(this.store, 'runs', run));
  }

  saw<T extends Event['type']>(type: T, { fits = () => true, seconds = 30 }: Sight<T> = {}): Promise<EventOf<T>> {
    const find = (): EventOf<T> | undefined =>
      this.events().flatMap((event) =>
        event.type === type && fits(event as EventOf<T>) ? [event as EventOf<T>] : [],
      )[0];
    return eventually(`there is ${type}`, find, { ...this.#told(), seconds });
  }

  /**
   * That all is as after a run that nobody disturbed: its records byte for byte, nothing damaged, nothing left to go on from,
   * and an empty queue.
   */
  async settled(options: { seconds?: number } = {}): Promise<void> {
    assert.deepEqual(await recordsIn(this.store), await undisturbed(this.#options));
    const store = await openStore(this.store);
    const { wrongBlobs, damagedRecords, incompleteRecords } = await verifyStore(store);
    await store.close();
    assert.deepEqual([wrongBlobs, damagedRecords, incompleteRecords], [[], [], []]);
    const work = join(this.store, 'work');
    assert.deepEqual(existsSync(work) ? readdirSync(work) : [], []);
    await this.emptyQueue(options);
  }

  /** A controller that crashed takes a job that has ended for a running one until its node speaks up again. */
  async emptyQueue({ seconds = 60 } = {}): Promise<void> {
    const seen = (jobs: QueuedJob[]): true | undefined => (this.#own(jobs).every(hasEnded) ? true : undefined);
    await this.#cluster.until('the queue is empty', seen, { seconds });
  }

  /** The jobs that its drivers have submitted and that have not ended. */
  async queue(): Promise<QueuedJob[]> {
    return this.#own(await this.#cluster.queue());
  }

  #own(jobs: readonly QueuedJob[]): QueuedJob[] {
    return jobs.filter(({ account }) => account === this.account);
  }

  /** For messages of tests that fail. */
  report(): string {
    const drivers = this.#drivers.map(({ what, output }) => `--- ${what}\n${output.slice(-3000)}`);
    const events = this.events().map((event) => JSON.stringify(event).slice(0, 240));
    const stage = (['begun', 'ended', 'told', 'spoilt'] as const).map(
      (what) => `${what}: ${JSON.stringify(this.entries(what))}`,
    );
    const calls = this.flaky
      .calls()
      .slice(-25)
      .map(({ text }) => text.slice(0, 160));
    return [...drivers, '--- events', ...events.slice(-25), '--- stage', ...stage, '--- calls', ...calls].join('\n');
  }

  #params(): string[] {
    return [`stage=${this.stage}`, ...(this.#options.params ?? [])];
  }

  #environment(): Record<string, string> {
    return {
      ...this.#cluster.env,
      ...this.flaky.env,
      ...this.#options.env,
      STET_TEST_STAGE: this.stage,
      SBATCH_ACCOUNT: this.account,
    };
  }

  #appeared(what: Appearance, name: string, times: number, seconds: number): Promise<Entry[]> {
    const found = (): Entry[] | undefined => {
      const entries = this.entries(what).filter((entry) => entry.name === name);
      return entries.length >= times ? entries : undefined;
    };
    return eventually(`${name} has ${what} ${times} times`, found, { ...this.#told(), seconds });
  }

  #told(): { told: () => string; seconds: number } {
    return { told: () => `\n${this.report()}`, seconds: 30 };
  }

  /** Nothing of a test that failed may be in the way of the next. */
  async #end(): Promise<void> {
    for (const driver of this.#drivers) await driver.kill();
    for (const command of ['sbatch', 'squeue', 'scontrol', 'scancel'] as const) this.flaky.drop(command);
    const left = (await this.queue()).map(({ id }) => id);
    if (left.length > 0)
      await this.#cluster.command('scancel', '--full', '--signal=KILL', ...left).catch(() => undefined);
    if (left.length > 0) await this.#cluster.command('scancel', ...left);
    await this.emptyQueue();
  }
}
