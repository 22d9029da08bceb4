import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The path of a module of this repository, as it was compiled; relative to this folder. */
export function compiled(module: string): string {
  return fileURLToPath(new URL(module, import.meta.url));
}

/** The whole program, start included, as a person would run it with its output led away. */
export function runPipeline(args: readonly string[], { store }: { store: string }): void {
  runNode([compiled('../../runner/cli/main.js'), ...args, '--store', store]);
}

export function runNode(args: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${stderr}`);
}
