import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Event, EventOf } from '../../runner/log/events.ts';
import { isRunning } from '../support/is-running.ts';

/** Where a program of the subject runs. */
export interface Place {
  /** The folder of the copy of the package. */
  readonly subject: string;
  /** The folder of the project. */
  readonly project: string;
  readonly store: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a process of the subject is started: something in front of Node, and variables of its own. */
export interface Start {
  readonly prefix?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** So long a run of a few small nodes may take, with all else that the machine does; then it hangs. In seconds. */
const longestRun = 150;

/** A process of the subject, and what it says. */
export class Driver {
  readonly name: string;
  readonly events: Event[] = [];
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  /** It was told to end, or its output was closed: what it says is not whole. */
  wasDisturbed = false;
  readonly #child: ChildProcess;
  /** Process ids are as it sees them, which is not as we do. */
  readonly #isApart: boolean;
  readonly #listeners = new Set<() => void>();
  #unread = '';

  constructor(name: string, args: readonly string[], { subject, project, store, env }: Place, start: Start = {}) {
    this.name = name;
    this.#isApart = start.prefix !== undefined;
    const program = join(subject, 'dist', 'runner', 'cli', 'main.js');
    const [first, ...more] = start.prefix ? [...start.prefix, process.execPath] : [process.execPath];
    this.#child = spawn(first ?? process.execPath, [...more, program, ...args, '--store', store], {
      cwd: project,
      env: { ...environment(), ...env, ...start.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#hear(chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    const hung = setTimeout(() => this.#hangs(), longestRun * 1000);
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        clearTimeout(hung);
        this.#tell();
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  hasHung = false;

  get last(): EventOf<'run-finished'> | undefined {
    const last = this.events.at(-1);
    return last?.type === 'run-finished' ? last : undefined;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) this.#child.kill(signal);
  }

  closeOutput(): void {
    this.wasDisturbed = true;
    this.#child.stdout?.destroy();
  }

  /** Until so many events were seen, or it has ended. */
  saw(count: number): Promise<void> {
    return this.#until(() => this.events.length >= count);
  }

  /** Until it has started one more job, or has ended. */
  startsOne(): Promise<void> {
    const count = (): number => this.events.filter(({ type }) => type === 'node-started').length;
    const before = count();
    return this.#until(() => count() > before);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (this.isAlive && !isSo()) {
      await new Promise<void>((resolve) => {
        const listener = (): void => {
          this.#listeners.delete(listener);
          resolve();
        };
        this.#listeners.add(listener);
      });
    }
  }

  /** Groups of jobs that it has started. */
  jobs(): number[] {
    if (this.#isApart) return [];
    return this.events.flatMap((event) =>
      event.type === 'node-started' && event.pid !== undefined ? [event.pid] : [],
    );
  }

  /** What it said, for people. */
  report(): string {
    const lines = this.events.map((event) => JSON.stringify(event).slice(0, 400));
    return [`--- ${this.name}`, ...lines.slice(-25), this.#unread, this.stderr.trim()]
      .filter((line) => line !== '')
      .join('\n');
  }

  #hear(text: string): void {
    this.stdout += text;
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('{')) this.events.push(JSON.parse(line) as Event);
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #hangs(): void {
    this.hasHung = true;
    this.#child.kill('SIGKILL');
  }
}

/** Waits until none of the processes is left: what a killed driver leaves has ten seconds to end. */
export async function untilGone(groups: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 300 && groups.some((group) => isRunning(group)); tries += 1) await delay(50);
}

/** Without the variables of whoever runs the tests that would change what is printed or where results go. */
function environment(): NodeJS.ProcessEnv {
  const { STET_STORE: _a, STET_HOME: _b, STET_LINK: _c, NODE_TEST_CONTEXT: _d, FORCE_COLOR: _e, ...rest } = process.env;
  return rest;
}
