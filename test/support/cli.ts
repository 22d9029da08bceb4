import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { tempFolder } from './temp-folder.ts';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Somebody else, by numbers. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** In whose hands a program is started. */
export interface Under {
  /** Default: whoever runs the tests. */
  readonly user?: User | undefined;
  /** What their shell was told before: `umask 027; ulimit -S -s 4096`. */
  readonly shell?: string | undefined;
}

/** A project in a folder of its own, and the built program run in it as a person would. */
export class CliProject {
  readonly folder: string;

  constructor(t: Pick<TestContext, 'after'>) {
    this.folder = tempFolder(t);
    const home = packageRoot();
    writeFileSync(join(this.folder, 'package.json'), '{"type":"module"}');
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(home, join(this.folder, 'node_modules', 'stet'));
    symlinkSync(join(home, 'node_modules', 'zod'), join(this.folder, 'node_modules', 'zod'));
  }

  /** Writes a pipeline; the imports that all need stand above `text`. */
  pipeline(name: string, text: string): void {
    mkdirSync(join(this.folder, 'pipelines'), { recursive: true });
    writeFileSync(join(this.folder, 'pipelines', `${name}.ts`), imports + text);
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, more: Under = {}) {
    return startProgram(args, { cwd: this.folder, env, ...more });
  }

  /** Ends within `seconds`, or the test fails with what was said so far. */
  run(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { seconds = 30 }: { seconds?: number } = {},
  ): Promise<CliResult> {
    const child = this.start(args, env);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new Error(`waited ${seconds} s for: pipeline ${args.join(' ')}\n${stdout}${stderr}`));
      }, seconds * 1000);
      child.on('close', (code) => {
        clearTimeout(timer);
        resolve({ code, stdout, stderr });
      });
    });
  }
}

/** The built program as a process. */
export function startProgram(
  args: readonly string[],
  { cwd, env, user, shell = '' }: { cwd: string; env: Readonly<Record<string, string>> } & Under,
) {
  const words = [process.execPath, program(), ...args];
  const [file = '', ...rest] = shell === '' ? words : ['/bin/sh', '-c', `${shell}; exec "$0" "$@"`, ...words];
  return spawn(file, rest, {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user && { uid: user.uid, gid: user.gid }),
  });
}

const imports = `
import { existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { pipeline } from 'stet/pipeline';
import { stream, task } from 'stet/task';
import { folder } from 'stet/kinds/folder';
import { htmlPage } from 'stet/kinds/html-page';
`;

/** Two tasks in a row: enough for most of what a command can show. */
export const addThenDouble = `
const add = task({ name: 'add', version: '1', inputs: { a: z.int(), b: z.int() }, outputs: { sum: z.int() }, run: async ({ a, b }) => ({ sum: a + b }) });
const double = task({ name: 'double', version: '1', inputs: { n: z.int() }, outputs: { twice: z.int() }, run: async ({ n }) => ({ twice: n * 2 }) });
export default pipeline('sums', { a: z.int().default(1).describe('the first number'), b: z.int().default(2) }, ({ a, b }) => {
  const { sum } = add({ a, b });
  return { sum, twice: double({ n: sum }).twice };
}, { description: 'Adds and doubles.', profiles: { big: { a: 1000 } } });
`;

function program(): string {
  const path = join(packageRoot(), 'dist', 'runner', 'cli', 'main.js');
  if (!existsSync(path)) throw new Error('the program is not built: run `npm run build` first');
  return path;
}

/** Without the variables of whoever runs the tests that would change what is printed or where results go. */
export function environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const {
    STET_STORE: _store,
    FORCE_COLOR: _force,
    NO_COLOR: _no,
    STET_HOME: _home,
    NODE_TEST_CONTEXT: _test,
    ...rest
  } = process.env;
  return { ...rest, ...env };
}
