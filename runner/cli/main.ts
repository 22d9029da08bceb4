#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { join } from 'node:path';
import { orFullDisk } from '../../cache/file-problem.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { exitCodeOf, exitCodes } from './common/exit-codes.ts';
import { hasPrintFailed, openIo, whenPrinted } from '../views/io.ts';
import { printProblem } from './common/print-problem.ts';

/** The oldest Node that the package runs on, as in its manifest. */
const oldestNode = [20, 19] as const;

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

async function main(argv: readonly string[]): Promise<number> {
  refuseOldNode(process.versions.node);
  keepCompiled();
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    openIo({}).print(version());
    return exitCodes.fine;
  }
  const { runProgram } = await import('./program.ts');
  return runProgram(argv, version());
}

/** Node 22 and newer keep what they compiled, which saves half of the start. */
function keepCompiled(): void {
  (nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.();
}

function refuseOldNode(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new Problem('node-too-old', `This needs Node ${oldestNode.join('.')} or newer; this is ${version}.`, {
    hint: 'Install a newer Node: https://nodejs.org',
  });
}

/** The folder that `--store DIR` or `--store=DIR` names: errors come before and after the command line was parsed. */
function storeIn(word: string, next: string | undefined): string[] {
  if (word === '--store') return next === undefined ? [] : [next];
  return word.startsWith('--store=') ? [word.slice('--store='.length)] : [];
}

function sayProblem(cause: unknown): number {
  const error = orFullDisk(cause);
  const verbose = process.argv.includes('--verbose');
  const [store] = process.argv.flatMap((word, i, all) => storeIn(word, all[i + 1]));
  printProblem(error, openIo({ verbose, color: !process.argv.includes('--no-color'), ...(store && { store }) }));
  return exitCodeOf(error);
}

process.on('unhandledRejection', (cause) => {
  const problem = new Problem('not-awaited', `Nobody waited for a promise that was rejected: ${messageOf(cause)}`, {
    hint: 'Look for a call without `await` in the pipeline: its build function is not asynchronous, the bodies of tasks are.',
    cause,
  });
  process.exit(sayProblem(problem));
});

let code: number;
try {
  code = await main(process.argv.slice(2));
} catch (cause) {
  code = sayProblem(cause);
}
// What was written to a pipe may still be on its way.
whenPrinted(() => process.exit(code === exitCodes.fine && hasPrintFailed() ? exitCodes.site : code));
