import { execFile, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { eventually } from './eventually.ts';

const execute = promisify(execFile);

/** For a test's `skip`: why there can be no Slurm here and how to get one; false where it is. */
export const withoutSlurm: string | false = lacking({
  programs: ['slurmctld', 'slurmd', 'munged', 'sbatch', 'squeue'],
  packages: 'slurmctld slurmd slurm-client munge',
});

/** The same for a Slurm that keeps accounts, in a database of its own. */
export const withoutAccounting: string | false =
  withoutSlurm ||
  lacking({
    programs: ['slurmdbd', 'mariadbd', 'mariadb', 'mariadb-install-db'],
    packages: 'slurmdbd mariadb-server-core mariadb-client-core',
  });

export interface ClusterOptions {
  /** Called `n1` … */
  readonly nodes?: number;
  readonly gpusPerNode?: number;
  readonly gpuType?: string;
  /** What each node claims to have; every core of it is one of this machine's. */
  readonly cpusPerNode?: number;
  /** Seconds for which a job that has ended stays known. */
  readonly minJobAge?: number;
  /** Ends what exceeds its memory; needs cgroups. */
  readonly enforceMemory?: boolean;
  /** Keeps what became of jobs for `sacct`. */
  readonly accounting?: boolean;
  /** Further lines of slurm.conf; they replace those with the same key. */
  readonly conf?: readonly string[];
}

/** A job as `squeue` tells it. */
export interface QueuedJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly node: string;
  /** Whom it is charged to; tests tell their jobs by it. */
  readonly account: string;
}

/**
 * Starts a real Slurm of several nodes on this machine for the tests of a suite; called in the suite's body. It is gone after
 * them, also when their process is killed: a process of its own waits for that.
 */
export function useCluster(options: ClusterOptions = {}): { readonly cluster: SlurmCluster } {
  let cluster: SlurmCluster | undefined;
  before(async () => {
    cluster = await SlurmCluster.start(options);
  });
  after(() => cluster?.down());
  return {
    get cluster() {
      if (!cluster) throw new Error('the cluster is there from the first test to the last');
      return cluster;
    },
  };
}

export class SlurmCluster {
  /** To be set for whatever speaks to this cluster. */
  readonly env: { readonly SLURM_CONF: string };
  readonly #folder: string;
  readonly #down: () => Promise<void>;

  static async start(options: ClusterOptions = {}): Promise<SlurmCluster> {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'slurm-'));
    const down = keep(folder);
    const { stdout } = await execute(program, ['up', '--no-install', '--dir', folder, ...argumentsOf(options)]).catch(
      async (error: unknown) => {
        await down();
        throw error;
      },
    );
    return new SlurmCluster(folder, stdout.trim(), down);
  }

  private constructor(folder: string, conf: string, down: () => Promise<void>) {
    this.#folder = folder;
    this.env = { SLURM_CONF: conf };
    this.#down = down;
  }

  down(): Promise<void> {
    return this.#down();
  }

  /** Power loss. The controller is told at once, or finds out after half a minute. */
  killNode(name: string, { told = true }: { told?: boolean } = {}): Promise<string> {
    return this.#order('kill-node', name, ...(told ? ['--now'] : []));
  }
  /** Cut off from the controller: its jobs run on, and are started again elsewhere once the controller knows. */
  freezeNode(name: string, { told = true }: { told?: boolean } = {}): Promise<string> {
    return this.#order('freeze-node', name, ...(told ? ['--now'] : []));
  }
  thawNode(name: string): Promise<string> {
    return this.#order('thaw-node', name);
  }
  /** Waits until the node is in service. */
  restartNode(name: string): Promise<string> {
    return this.#order('restart-node', name);
  }
  /** Connections are refused from now on; jobs run on. */
  stopController(): Promise<string> {
    return this.#order('stop-controller');
  }
  /** The last seconds are not saved. */
  crashController(): Promise<string> {
    return this.#order('stop-controller', '--crash');
  }
  startController(): Promise<string> {
    return this.#order('start-controller');
  }
  /** Waits until the controller has a job on disk, and with it all that came before; it saves within five seconds. */
  async hasSaved(jobName: string): Promise<void> {
    const path = join(this.#folder, 'state', 'ctld', 'job_state');
    await eventually(`job ${jobName} is saved`, () => existsSync(path) && readFileSync(path).includes(jobName));
  }
  /**
   * What the controller has on disk now. With it, `restore()` makes a stopped controller forget what came after, which a crash
   * alone does only when it comes before the next save, some time within five seconds.
   */
  savedController(): { restore(): void } {
    const state = join(this.#folder, 'state', 'ctld');
    const copy = mkdtempSync(join(this.#folder, 'ctld-'));
    cpSync(state, copy, { recursive: true, filter: (name) => !name.endsWith('.new') });
    return {
      restore: () => {
        rmSync(state, { recursive: true });
        renameSync(copy, state);
      },
    };
  }
  /** Starts the controller with nothing of what it knew: it kills what nodes tell of. */
  async startControllerAnew(): Promise<void> {
    rmSync(join(this.#folder, 'state', 'ctld'), { recursive: true });
    await this.startController();
  }
  /** Connections are taken and never answered. */
  freezeController(): Promise<string> {
    return this.#order('freeze-controller');
  }
  thawController(): Promise<string> {
    return this.#order('thaw-controller');
  }
  /** From now on `sacct` fails; jobs and queue do not notice. */
  stopAccounting(): Promise<string> {
    return this.#order('stop-accounting');
  }
  /** Lets jobs that were requeued start now instead of after two minutes. */
  hurry(): Promise<string> {
    return this.#order('hurry');
  }

  /** Every job that has not ended. */
  async queue(): Promise<QueuedJob[]> {
    return (await this.known()).filter((job) => !hasEnded(job));
  }

  /** Every job that Slurm still knows, those that have ended as well. */
  async known(): Promise<QueuedJob[]> {
    const text = await this.command('squeue', '-h', '-r', '-t', 'all', '-o', '%i|%T|%N|%r|%a|%j');
    const jobs = text.split('\n').flatMap((line) => {
      const [id, state, node = '', reason = '', account = '', ...name] = line.split('|');
      return id && state ? [{ id, state, node, reason, account, name: name.join('|') }] : [];
    });
    return jobs.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  }

  /** Waits until `seen` gives something other than undefined for the jobs that Slurm knows. */
  async until<T>(what: string, seen: (jobs: QueuedJob[]) => T | undefined, { seconds = 20 } = {}): Promise<T> {
    let jobs: QueuedJob[] = [];
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await delay(50)) {
      jobs = await this.known();
      const found = seen(jobs);
      if (found !== undefined) return found;
    }
    throw new Error(`waited ${seconds} s until ${what}; there is ${JSON.stringify(jobs)}\n${this.controllerLog()}`);
  }

  /** One of Slurm's own programs, past any wrapper. */
  async command(name: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute(name, args, {
      env: { ...process.env, ...this.env },
      encoding: 'utf8',
    });
    return stdout;
  }

  /** Its last lines: what the controller has seen. */
  controllerLog(): string {
    return readFileSync(join(this.#folder, 'log', 'slurmctld.log'), 'utf8')
      .split('\n')
      .slice(-15)
      .join('\n');
  }

  async #order(...args: string[]): Promise<string> {
    return (await execute(program, [...args, '--dir', this.#folder])).stdout;
  }
}

const program = join(packageRoot(), 'test', 'support', 'slurm-cluster', 'slurm-cluster');

/** A process that ends the cluster when it is told to, or when this process is gone. */
function keep(folder: string): () => Promise<void> {
  const watchdog = spawn('/bin/sh', ['-c', 'cat >/dev/null; exec "$0" down --purge --dir "$1"', program, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise<void>((resolve) => watchdog.once('exit', () => resolve()));
  return () => {
    watchdog.stdin.end();
    return gone;
  };
}

function argumentsOf({ nodes = 3, gpusPerNode = 2, conf = [], ...more }: ClusterOptions): string[] {
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, String(value)];
  return [
    // `none` is what a container without namespaces gives: plain processes for nodes.
    ...option('isolation', process.env.STET_TEST_ISOLATION),
    ...option('nodes', nodes),
    ...option('gpus-per-node', gpusPerNode),
    ...option('gpu-type', more.gpuType),
    ...option('cpus-per-node', more.cpusPerNode),
    ...option('min-job-age', more.minJobAge),
    ...(more.enforceMemory ? ['--enforce-memory'] : []),
    ...(more.accounting ? ['--accounting'] : []),
    ...conf.flatMap((line) => option('conf', line)),
  ];
}

function lacking({ programs, packages }: { programs: readonly string[]; packages: string }): string | false {
  if (process.env.STET_TEST_SLURM !== '1') return 'set STET_TEST_SLURM=1 to start a real Slurm on this machine';
  if (process.getuid?.() !== 0)
    return 'a Slurm of several nodes takes root: run the tests as root, in a container for example';
  const missing = programs.filter((name) => !isInstalled(name));
  if (missing.length === 0) return false;
  return `not here: ${missing.join(', ')}; apt-get install --no-install-recommends ${packages}`;
}

function isInstalled(name: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'command -v "$0"', name], {
      stdio: 'ignore',
      env: { PATH: `/usr/sbin:/sbin:${process.env.PATH ?? ''}` },
    });
    return true;
  } catch {
    return false;
  }
}

/** Whether Slurm has nothing more to do for a job. */
export function hasEnded({ state }: QueuedJob): boolean {
  return /^(COMPLETED|FAILED|OUT_OF_MEMORY|TIMEOUT|DEADLINE|CANCELLED|PREEMPTED|NODE_FAIL|BOOT_FAIL)/.test(state);
}
