import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { packageRoot } from '../../tasks/core/package-root.ts';

/** `pipeline serve` as a person would start it. */
export interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it printed, so far. */
  readonly lines: readonly string[];
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts it and waits until it says where it is; killed when the test ends. */
export async function startServed(
  t: Pick<TestContext, 'after'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const program = join(packageRoot(), 'dist/runner/cli/main.js');
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const said = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    said.on('line', (line) => {
      lines.push(line);
      const address = /^ {2}address {2}(ws:\S+),/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    void ended.then((code) =>
      reject(new Error(`the server ended with ${code} before it listened: ${lines.join('\n')}`)),
    );
  });
  return { child, url, lines, ended };
}
