import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { signalGroup } from '../executors/process-group.ts';
import type { Failure } from '../log/events.ts';
import type { ServerProcess } from '../services/server-life.ts';

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file for what it prints; by default where this process prints. */
  readonly log?: string;
}

/** A program that leads a process group of its own; what it leaves behind in that is killed when it ends. */
export class Program implements ServerProcess {
  readonly log: string;
  /** As a shell tells it: 127 when there is no such program, above 128 after a signal. */
  readonly exitCode: Promise<number>;
  readonly ended: Promise<Failure>;
  readonly #child: ChildProcess;

  constructor([file = '', ...args]: readonly string[], { cwd, env, log }: ProgramOptions) {
    const output = log === undefined ? ('inherit' as const) : openSync(log, 'a');
    const child = spawn(file, args, { cwd, env, detached: true, stdio: ['ignore', output, output] });
    if (typeof output === 'number') closeSync(output);
    this.log = log ?? '/dev/stdout';
    this.#child = child;
    this.exitCode = new Promise((resolve) => {
      child.once('error', () => resolve(127));
      child.once('exit', (code, signal) => {
        this.kill();
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
    this.ended = this.exitCode.then(endOf);
  }

  get group(): number | undefined {
    return this.#child.pid;
  }

  /** To the program, and not to what it started. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  tell(): void {
    if (this.group !== undefined) signalGroup(this.group, 'SIGTERM');
  }

  kill(): void {
    if (this.group !== undefined) signalGroup(this.group, 'SIGKILL');
  }
}

function endOf(exitCode: number): Failure {
  if (exitCode === 127) return { code: 'no-such-program', message: 'Its program was not found.' };
  return { code: 'exit-code', message: `It ended with exit code ${exitCode}.` };
}
