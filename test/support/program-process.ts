import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import type { CliResult } from './cli.ts';

/** A process of the built program. */
export class Driver {
  readonly what: string;
  output = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<number | null>;
  #stdout = '';

  constructor(child: ChildProcess, what: string) {
    this.#child = child;
    this.what = what;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      this.output += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#closed = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Its exit code; null after a signal, undefined while it lives. */
  get code(): number | null | undefined {
    if (this.#child.signalCode !== null) return null;
    return this.#child.exitCode ?? undefined;
  }

  /** SIGKILL, as by a power cut. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async ended({ seconds = 60 }: { seconds?: number } = {}): Promise<CliResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const text = (): string =>
        `waited ${seconds} s for the end of: pipeline ${this.what}\n${this.output.slice(-4000)}`;
      timer = setTimeout(() => reject(new Error(text())), seconds * 1000);
    });
    const code = await Promise.race([this.#closed, late]).finally(() => clearTimeout(timer));
    return { code, stdout: this.#stdout, stderr: this.output };
  }

  async succeeded(options: { seconds?: number } = {}): Promise<void> {
    const { code } = await this.ended(options);
    assert.equal(code, 0, `pipeline ${this.what}\n${this.output.slice(-4000)}`);
  }
}
