import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { signalGroup } from '../executors/process-group.ts';

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file for what it prints; by default where this process prints. */
  readonly log?: string;
}

/** A program that leads a process group of its own. */
export class Program {
  /** The exit code as a shell tells it: 127 when there is no such program, above 128 after a signal. What it left is killed by then. */
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor([file = '', ...args]: readonly string[], { cwd, env, log }: ProgramOptions) {
    const output = log === undefined ? ('inherit' as const) : openSync(log, 'a');
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
    if (typeof output === 'number') closeSync(output);
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve(127));
      child.once('exit', (code, signal) => {
        this.signalAll('SIGKILL');
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }

  get group(): number | undefined {
    return this.#child.pid;
  }

  /** To the program, and not to what it started. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  signalAll(signal: NodeJS.Signals): void {
    if (this.group !== undefined) signalGroup(this.group, signal);
  }
}
