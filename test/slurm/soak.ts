import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf } from '../../tasks/models/random.ts';
import type { FlakySlurm, Treatment } from '../support/flaky-slurm.ts';
import { SlurmCluster } from '../support/slurm.ts';
import type { Driver } from '../support/program-process.ts';
import type { SceneOptions } from '../support/slurm-project.ts';
import { SlurmScene } from '../support/slurm-scene.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Soaked {
  readonly seed: number;
  readonly minutes: number;
  readonly rounds: number;
  /** How often each fault was done. */
  readonly faults: ReadonlyMap<string, number>;
  /** Programs that began, and how many had to begin at least. */
  readonly begun: number;
  readonly needed: number;
}

/** 1 list of seeds, 30 trainings, 270 scores, 1 gathering: 302 nodes. */
const params = ['seeds=30', 'steps=9'];
const programs = 30 + 270 + 1;

/**
 * Rounds of one graph of 302 nodes under random faults, for so many minutes; a round that has begun is brought to its end.
 * Throws when a round ends in other bytes than an undisturbed run, or leaves something in the queue.
 */
export async function soak({ minutes, seed, tell }: SoakOptions): Promise<Soaked> {
  const faults = new Map<string, number>();
  const end = performance.now() + minutes * 60_000;
  const startedAt = performance.now();
  const cluster = await SlurmCluster.start({
    nodes: 4,
    cpusPerNode: 12,
    conf: ['SlurmctldParameters=preempt_send_user_signal'],
  });
  let [rounds, begun] = [0, 0];
  try {
    while (performance.now() < end) {
      const round = new Round(cluster, { seed: seed + rounds, until: end, faults, tell });
      begun += await round.play();
      rounds += 1;
      tell(`round ${rounds} is as if undisturbed, after ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    }
  } finally {
    await cluster.down();
  }
  return { seed, minutes: (performance.now() - startedAt) / 60_000, rounds, faults, begun, needed: rounds * programs };
}

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly tell: (line: string) => void;
}

interface RoundOptions {
  readonly seed: number;
  readonly until: number;
  readonly faults: Map<string, number>;
  readonly tell: (line: string) => void;
}

class Round {
  readonly #cluster: SlurmCluster;
  readonly #options: RoundOptions;
  readonly #undo: (() => unknown)[] = [];
  readonly #scene: SlurmScene;
  readonly #random: () => number;
  #driver: Driver;

  constructor(cluster: SlurmCluster, options: RoundOptions) {
    this.#cluster = cluster;
    this.#options = options;
    const random = randomOf(options.seed);
    this.#random = () => random.uniform();
    const scene: SceneOptions = { params, slurm: { partition: 'preempt', requeue: options.seed % 2 === 0 } };
    this.#scene = new SlurmScene({ after: (hook) => void this.#undo.push(hook as () => unknown) }, cluster, scene);
    writeFileSync(join(this.#scene.stage, 'pace'), '3');
    this.#scene.cue('all');
    this.#driver = this.#scene.start();
  }

  /** Gives how many programs have begun. */
  async play(): Promise<number> {
    try {
      await this.#disturb();
      await this.#heal();
      await this.#untilSucceeded();
      await this.#untilSettled();
      return this.#scene.entries('begun').length;
    } catch (error) {
      this.#options.tell(this.#scene.report());
      throw error;
    } finally {
      for (const hook of this.#undo.reverse()) await hook();
    }
  }

  /**
   * A controller that crashed has forgotten ends that everybody else knows, and puts such jobs back into the queue when their
   * nodes do not know them: they find their records and leave, and no program begins again.
   */
  async #untilSettled(): Promise<void> {
    const begun = this.#scene.entries('begun').length;
    const hurrying = setInterval(() => void this.#hurryAndRelease().catch(() => undefined), 2000);
    try {
      await this.#scene.settled({ seconds: 180 });
    } finally {
      clearInterval(hurrying);
    }
    assert.equal(this.#scene.entries('begun').length, begun, 'a program began again after the run had succeeded');
  }

  /** What a lost launch left on hold waits for a person, when its driver is gone. */
  async #hurryAndRelease(): Promise<void> {
    await this.#cluster.hurry();
    for (const { id, reason } of await this.#cluster.queue()) {
      if (reason.includes('held')) await this.#cluster.command('scontrol', 'release', id);
    }
  }

  /** One fault after the other, until the run has succeeded or the time is over. */
  async #disturb(): Promise<void> {
    while (performance.now() < this.#options.until && !this.#hasSucceeded()) {
      await delay(300 + this.#random() * 3000);
      if (this.#driver.code !== undefined && !this.#hasSucceeded()) this.#startAgain();
      const [name, fault] = this.#one(this.#faults);
      this.#options.faults.set(name, (this.#options.faults.get(name) ?? 0) + 1);
      this.#options.tell(name);
      await fault();
      await this.#cluster.hurry().catch(() => undefined); // no controller: then there is nothing to hurry
    }
  }

  readonly #faults: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['driver killed', () => this.#killDriver()],
    ['driver killed', () => this.#killDriver()],
    ['node killed', () => this.#withNode((node) => this.#cluster.killNode(node), 4)],
    [
      'node cut off',
      () =>
        this.#withNode(
          (node) => this.#cluster.freezeNode(node),
          4,
          (node) => this.#cluster.thawNode(node),
        ),
    ],
    ['controller stopped', () => this.#withoutController(() => this.#cluster.stopController())],
    ['controller crashed', () => this.#withoutController(() => this.#cluster.crashController())],
    ['controller hung', () => this.#hungController()],
    ['job requeued', () => this.#toSomeJob('scontrol', 'requeue')],
    ['job at its limit', () => this.#toSomeJob('scontrol', 'update', 'EndTime=now')],
    ['job cancelled by hand', () => this.#toSomeJob('scancel')],
    ['jobs pre-empted', () => this.#preempt()],
    ['squeue empty', () => this.#flaky((flaky) => flaky.always('squeue', 'empty'))],
    ['squeue failing', () => this.#flaky((flaky) => flaky.always('squeue', 'refuse'))],
    ['squeue stale', () => this.#flaky((flaky) => flaky.always('squeue', 'stale'))],
    ['squeue cut short', () => this.#flaky((flaky) => flaky.always('squeue', 'garble'))],
    ['sbatch spoilt', () => this.#spoilNext(['lose', 'refuse', 'late-3'])],
  ];

  async #killDriver(): Promise<void> {
    await this.#driver.kill();
    await delay(this.#random() * 3000);
    this.#startAgain();
  }

  #startAgain(): void {
    const words = this.#one([this.#scene.runWords(), this.#scene.runWords(), ['attach']]);
    // A run that ended by itself is not one to attach to.
    const last = this.#scene.events().at(-1)?.type;
    this.#driver = this.#scene.start(...(last === 'run-finished' ? this.#scene.runWords() : words));
  }

  async #withNode(
    hurt: (node: string) => Promise<unknown>,
    seconds: number,
    heal = (node: string): Promise<unknown> => this.#cluster.restartNode(node),
  ): Promise<void> {
    const node = this.#one(['n1', 'n2', 'n3', 'n4']);
    await hurt(node);
    await this.#cluster.hurry();
    await delay(this.#random() * seconds * 1000);
    await heal(node);
  }

  async #withoutController(stop: () => Promise<unknown>): Promise<void> {
    await stop();
    await delay(this.#random() * 15_000);
    await this.#cluster.startController();
  }

  async #hungController(): Promise<void> {
    await this.#cluster.freezeController();
    await delay(this.#random() * 15_000);
    await this.#cluster.thawController();
  }

  async #toSomeJob(command: string, ...words: string[]): Promise<void> {
    const running = (await this.#scene.queue()).filter(({ state }) => state === 'RUNNING');
    const job = running[Math.floor(this.#random() * running.length)];
    if (!job) return;
    const [verb, ...rest] = words;
    const args = verb === 'update' ? ['update', `JobId=${job.id}`, ...rest] : [...words, job.id];
    await this.#cluster.command(command, ...args).catch(() => undefined); // it has ended, or may not be requeued
  }

  async #preempt(): Promise<void> {
    const options = ['--parsable', '-o', '/dev/null', '-p', 'high', '--exclusive', '-N', '2'];
    const id = (await this.#cluster.command('sbatch', ...options, '--wrap', 'sleep 8')).trim();
    await delay(8000);
    await this.#cluster.command('scancel', id);
  }

  async #flaky(spoil: (flaky: FlakySlurm) => void): Promise<void> {
    spoil(this.#scene.flaky);
    await delay(2000 + this.#random() * 8000);
    this.#scene.flaky.heal('squeue');
  }

  async #spoilNext(how: readonly Treatment[]): Promise<void> {
    this.#scene.flaky.next('sbatch', this.#one(how), 1 + Math.floor(this.#random() * 3));
  }

  async #heal(): Promise<void> {
    writeFileSync(join(this.#scene.stage, 'pace'), '0.2');
    for (const command of ['sbatch', 'squeue', 'scontrol', 'scancel'] as const) this.#scene.flaky.heal(command);
    await this.#cluster.hurry();
  }

  /** A job cancelled by hand ends its run: the next one does what is left. */
  async #untilSucceeded(): Promise<void> {
    for (let tries = 0; tries < 3; tries += 1) {
      const { code } = await this.#driver.ended({ seconds: 300 });
      if (code === 0) return;
      this.#driver = this.#scene.start();
    }
    throw new Error('the run does not come to its end');
  }

  #hasSucceeded(): boolean {
    return this.#driver.code === 0;
  }

  #one<T>(of: readonly T[]): T {
    return of[Math.floor(this.#random() * of.length)] as T;
  }
}
