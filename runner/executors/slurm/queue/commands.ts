import { messageOf } from '../../../../cache/problem.ts';
import { type Cluster, nodeOptions, parseConfig, parseNodes } from './cluster.ts';
import { accountOptions, parseAccounts, parseJobs, parseQueue, type QueueRow, queueOptions } from './queue-text.ts';

/**
 * An answer of a Slurm command. `silent`: it could not be asked, which says nothing about jobs. `full`: it does not take more at
 * the moment, and took nothing.
 */
export type Answer<T> =
  | { readonly is: 'answer'; readonly value: T }
  | { readonly is: 'refused'; readonly message: string }
  | { readonly is: 'silent'; readonly message: string }
  | { readonly is: 'full'; readonly message: string };

/** Longer than Slurm's own time to give up, in milliseconds. */
const patienceMs = 40_000;

/** Says that nobody answered, or that it is no time for an answer now: another time may do. */
const transient =
  /Socket timed out|Unable to contact slurm controller|Connection refused|Connection timed out|Connection reset|Zero Bytes were transmitted|Transport endpoint|Resource temporarily unavailable|Slurm backup controller|Communication connection failure|Protocol authentication error|Munge|try again|Unspecified error|in standby mode|not responding|DNS SRV/i;

/** `sbatch` would go on trying by itself, for minutes. */
const retrying = /sleeping and retrying/i;

/** Talks to Slurm through its own commands, in text: formats of other kinds differ between versions. */
export class SlurmCommands {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #cluster: readonly string[];

  /** `environment` is what jobs inherit, and nothing else of the shell is seen; `cluster` is asked, if not the one at hand. */
  constructor(environment: Readonly<Record<string, string>>, cluster?: string) {
    this.#environment = environment;
    this.#cluster = cluster === undefined ? [] : [`--clusters=${cluster}`];
  }

  /** Gives the id. After `silent` the job may exist. */
  async submit(
    options: readonly string[],
    script: string,
    more: Readonly<Record<string, string>>,
  ): Promise<Answer<string>> {
    const answer = await this.#call('sbatch', options, { input: script, env: more, isForJobs: true });
    // It may have tried once more before it was ended: what came of that is not wanted.
    if (answer.is === 'full' && retrying.test(answer.message)) await this.cancel(nameIn(options), []);
    if (answer.is !== 'answer') return answer;
    const id = /^(\d+)(?:;.*)?$/m.exec(answer.value)?.[1];
    return id === undefined
      ? { is: 'silent', message: `sbatch answered ${JSON.stringify(answer.value)}` }
      : { is: 'answer', value: id };
  }

  /** Whether `sbatch` would take it; nothing is submitted. */
  async test(options: readonly string[], script: string): Promise<Answer<string>> {
    return this.#call('sbatch', options, { input: script });
  }

  async queue(): Promise<Answer<QueueRow[]>> {
    return mapped(await this.#call('squeue', queueOptions), parseQueue);
  }

  /** All that the controller knows, not only what a listing chose to show: also of others, and in hidden partitions. */
  async jobs(): Promise<Answer<QueueRow[]>> {
    const answer = await this.#call('scontrol', ['--all', '--oneliner', 'show', 'job']);
    if (answer.is === 'refused' && /No jobs in the system/i.test(answer.message)) return { is: 'answer', value: [] };
    return mapped(answer, parseJobs);
  }

  /** What a job runs, as it was submitted. */
  async script(id: string): Promise<Answer<string>> {
    return this.#call('scontrol', ['write', 'batch_script', id, '-']);
  }

  /** Ends whatever has this name; with ids only those of them. A job of another name is never touched. */
  async cancel(name: string, ids: readonly string[], { now = false } = {}): Promise<Answer<string>> {
    return this.#call('scancel', [`--name=${name}`, '--me', ...(now ? ['--signal=KILL', '--full'] : []), ...ids]);
  }

  async cluster(): Promise<Answer<Cluster>> {
    const [config, nodes] = await Promise.all([
      this.#call('scontrol', ['show', 'config']),
      this.#call('sinfo', nodeOptions),
    ]);
    if (config.is !== 'answer') return config;
    return mapped(nodes, (text) => ({ ...parseConfig(config.value), nodes: parseNodes(text) }));
  }

  /** What accounting remembers of jobs of these names, however long ago they ended. */
  async accounted(names: readonly string[]): Promise<Answer<QueueRow[]>> {
    return mapped(await this.#call('sacct', [...accountOptions, `--name=${names.join(',')}`]), parseAccounts);
  }

  async #call(
    program: string,
    args: readonly string[],
    { input, env = {}, isForJobs = false }: CallOptions = {},
  ): Promise<Answer<string>> {
    const { execa } = await import('execa');
    try {
      const running = execa(program, [...this.#cluster, ...args], {
        // A job gets what its submission saw: the language in which we read answers is nothing to it.
        env: { ...this.#environment, ...env, ...(isForJobs ? {} : { LC_ALL: 'C' }) },
        extendEnv: false,
        reject: false,
        timeout: patienceMs,
        detached: true, // Ctrl-C is for the driver
        cleanup: false,
        maxBuffer: 500_000_000,
        ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
      });
      running.stderr.on('data', (text: Buffer) => retrying.test(String(text)) && running.kill('SIGKILL'));
      const { stdout, stderr, exitCode, timedOut, failed, code } = await running;
      if (code === 'ENOENT') return { is: 'refused', message: `there is no ${program} on PATH` };
      if (timedOut) return { is: 'silent', message: `${program} did not answer within ${patienceMs / 1000} s` };
      if (!failed) return { is: 'answer', value: stdout };
      const message = (stderr || stdout || `${program} ended with ${exitCode ?? 'a signal'}`).trim();
      if (isFull(message)) return { is: 'full', message };
      const isPlainRefusal = exitCode !== undefined && stderr !== '' && !transient.test(message);
      return { is: isPlainRefusal ? 'refused' : 'silent', message };
    } catch (error) {
      return { is: 'silent', message: messageOf(error) };
    }
  }
}

/** More than may be in the queue at one time: fewer may do, and later there is room again. */
function isFull(message: string): boolean {
  if (/MaxJobCount|job queue full|temporarily unable to accept job|Invalid job array specification/i.test(message))
    return true;
  if (/SubmitJob\w*Limit/.test(message)) return true;
  // Slurm calls its limits by name; where it does not, it may be that of the number.
  return /Job violates accounting\/QOS policy/i.test(message) && !/\b(?:QOS|Assoc)[A-Z]\w+/.test(message);
}

function nameIn(options: readonly string[]): string {
  const option = '--job-name=';
  return options.find((word) => word.startsWith(option))?.slice(option.length) ?? '';
}

interface CallOptions {
  readonly input?: string;
  /** Beside what jobs inherit. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it sees goes on to jobs. */
  readonly isForJobs?: boolean;
}

function mapped<A, B>(answer: Answer<A>, map: (value: A) => B): Answer<B> {
  return answer.is === 'answer' ? { is: 'answer', value: map(answer.value) } : answer;
}
