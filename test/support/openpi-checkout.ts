import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { CliProject } from './cli.ts';

/** Why tests with the stand-in trainer cannot run here, or `false`. */
export const noPython: string | false = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'there is no python3';
  }
})();

/** A project, and beside it a checkout of openpi whose trainer is a stand-in; `uv` on PATH is one too. */
export class OpenpiProject {
  readonly project: CliProject;
  readonly checkout: string;
  readonly environment: Readonly<Record<string, string>>;

  constructor(t: TestContext) {
    this.project = new CliProject(t);
    this.checkout = join(this.project.folder, 'openpi');
    cpSync(join(packageRoot(), 'test/support/openpi-checkout'), this.checkout, { recursive: true });
    const cache = join(this.project.folder, 'openpi-cache');
    mkdirSync(join(cache, 'big_vision'), { recursive: true });
    writeFileSync(join(cache, 'big_vision/paligemma_tokenizer.model'), 'looked for, and read by nobody here');
    this.environment = { PATH: `${join(this.checkout, 'bin')}:${process.env.PATH}`, OPENPI_DATA_HOME: cache };
  }

  /** From now on a training waits before this step. */
  hold(step: number): void {
    writeFileSync(join(this.checkout, `hold-${step}`), '');
  }

  letGo(step: number): void {
    rmSync(join(this.checkout, `hold-${step}`));
  }

  edit(file: string, text: string): void {
    writeFileSync(join(this.checkout, file), text);
  }

  change(file: string, from: string, to: string): void {
    const text = readFileSync(join(this.checkout, file), 'utf8');
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    this.edit(file, text.replace(from, to));
  }

  start(args: readonly string[]) {
    return this.project.start(args, this.environment);
  }

  run(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
    return this.project.run(args, { ...this.environment, ...more });
  }

  /** Weights by step, of the trainer run by hand in a folder of its own. */
  weightsWithoutKill(args: readonly string[]): Record<string, string> {
    const base = join(this.project.folder, 'by-hand');
    const places = ['--exp-name=train', `--checkpoint-base-dir=${base}`, '--no-overwrite'];
    execFileSync('python3', [join(this.checkout, 'scripts/train.py'), ...args, ...places], {
      env: { ...process.env, XLA_PYTHON_CLIENT_MEM_FRACTION: '0.9' },
      stdio: 'ignore',
    });
    const folder = join(base, args[0] as string, 'train');
    const weights = readdirSync(folder).map((step) => [step, readFileSync(join(folder, step, 'params/d'), 'utf8')]);
    return Object.fromEntries(weights) as Record<string, string>;
  }

  /** A result, as JSON. */
  async get(pipeline: string, output: string): Promise<unknown> {
    const to = join(this.project.folder, 'got.json');
    rmSync(to, { force: true });
    const { code, stderr } = await this.run(['get', pipeline, output, '--to', to]);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(readFileSync(to, 'utf8'));
  }
}
