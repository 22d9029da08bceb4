import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from './temp-folder.ts';

const commands = ['sbatch', 'squeue', 'scontrol', 'scancel'] as const;
export type SlurmCommand = (typeof commands)[number];

/**
 * What happens to a call:
 *
 * - `lose`: it is carried out, its answer is lost
 * - `late-SECONDS`: it is carried out, its answer comes late
 * - `empty`: it is not carried out and answers nothing, with status 0
 * - `refuse`: it is not carried out, the controller cannot be reached
 * - `garble`: it is carried out and answers the beginning of its answer
 * - `stale`: it is not carried out and answers what it answered last
 * - `hold`, `hold-answer`: it waits to be released before, or after, it is carried out
 */
export type Treatment = 'lose' | `late-${number}` | 'empty' | 'refuse' | 'garble' | 'stale' | 'hold' | 'hold-answer';

/** What a healthy Slurm never does: small programs before the real ones on PATH that lose, delay and spoil answers. */
export class FlakySlurm {
  /** First on PATH for whoever is to suffer. */
  readonly env: { readonly PATH: string };
  readonly folder: string;
  #orders = 0;

  constructor(t: Pick<TestContext, 'after'>) {
    this.folder = tempFolder(t);
    for (const name of ['orders', 'taken', 'always', 'held', 'last', 'answers']) mkdirSync(join(this.folder, name));
    const flaky = join(packageRoot(), 'test', 'support', 'flaky-slurm', 'flaky');
    for (const command of commands) copyFileSync(flaky, join(this.folder, command));
    this.env = { PATH: `${this.folder}:${process.env.PATH ?? ''}` };
  }

  /** The next call, or the next few. */
  next(command: SlurmCommand, how: Treatment, times = 1): void {
    for (let i = 0; i < times; i += 1) {
      this.#orders += 1;
      writeFileSync(join(this.folder, 'orders', `${command}.${String(this.#orders).padStart(6, '0')}.${how}`), '');
    }
  }

  /** Every call from now on, until `heal`. */
  always(command: SlurmCommand, how: Treatment): void {
    this.heal(command);
    writeFileSync(join(this.folder, 'always', `${command}.${how}`), '');
  }

  /** Forgets every order for a command that was not carried out yet. */
  heal(command: SlurmCommand): void {
    for (const folder of ['orders', 'always']) {
      for (const order of this.#list(folder, command)) rmSync(join(this.folder, folder, order), { force: true });
    }
  }

  /** Waits until a call is held. */
  async held(command: SlurmCommand, { seconds = 15 } = {}): Promise<void> {
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await delay(20)) {
      if (this.#list('held', command).length > 0) return;
    }
    throw new Error(
      `waited ${seconds} s for a call of ${command} that is held; there were\n${this.calls()
        .map(({ text }) => text)
        .join('\n')}`,
    );
  }

  /** Lets every held call go on. */
  release(command: SlurmCommand): void {
    for (const call of this.#list('held', command)) rmSync(join(this.folder, 'held', call), { force: true });
  }

  /** Kills every held call, as if it had died together with whoever made it. */
  drop(command: SlurmCommand): void {
    for (const call of this.#list('held', command)) {
      try {
        process.kill(Number(call.slice(command.length + 1)), 'SIGKILL');
      } catch {
        // it is gone
      }
      rmSync(join(this.folder, 'held', call), { force: true });
    }
  }

  /** Whether every order of `next` was taken by a call. */
  isSpent(command: SlurmCommand): boolean {
    return this.#list('orders', command).length === 0;
  }

  /** Every call so far, in order. */
  calls(command?: SlurmCommand): { readonly at: number; readonly command: string; readonly text: string }[] {
    return linesOf(join(this.folder, 'calls')).flatMap((line) => {
      const [at = '', name = ''] = line.split(' ', 2);
      return name !== '' && (command === undefined || name === command)
        ? [{ at: Number(at), command: name, text: line.slice(at.length + 1).trim() }]
        : [];
    });
  }

  /** How many calls the real program has failed to carry out. */
  failures(command: SlurmCommand): number {
    return linesOf(join(this.folder, 'ended')).filter((line) => line.startsWith(`${command} `) && !line.endsWith(' 0'))
      .length;
  }

  #list(folder: string, command: SlurmCommand): string[] {
    return readdirSync(join(this.folder, folder)).filter((name) => name.startsWith(`${command}.`));
  }
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return []; // nothing was called yet
  }
}
