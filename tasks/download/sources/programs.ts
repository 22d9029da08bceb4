import { Problem } from '../../../cache/problem.ts';
import { findProgram } from '../../core/needs.ts';
import type { Access } from './source.ts';

interface Call {
  readonly env: Access['env'];
  readonly signal: AbortSignal;
  /** Fed to its standard input. */
  readonly input?: string;
  /** What the program is run for, in words that follow "could not". */
  readonly purpose: string;
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program with an argument list and gives what it printed.
 *
 * Throws `program-missing` when the program is not on PATH, and `program-failed` with the end of what it printed.
 */
export async function runProgram(name: string, args: readonly string[], call: Call): Promise<string> {
  const path = await findProgram(name, call.env.PATH);
  if (path === undefined) {
    throw new Problem('program-missing', `${name} is not on PATH; it is needed to ${call.purpose}.`, {
      hint: `Install ${name}.`,
    });
  }
  const { execa } = await import('execa');
  const child = execa(path, [...args], {
    env: call.env as Record<string, string>,
    extendEnv: false,
    cancelSignal: call.signal,
    forceKillAfterDelay: 3000,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 1 << 30,
    ...(call.input === undefined ? { stdin: 'ignore' as const } : { input: call.input }),
  });
  if (call.onLine) for await (const line of child.iterable({ from: 'stdout' })) call.onLine(line);
  const result = await child;
  call.signal.throwIfAborted();
  if (result.exitCode === 0) return result.stdout;
  const said = result.stderr.trim().split('\n').slice(-5).join('\n');
  const how = result.signal ? `was ended by ${result.signal}` : `ended with ${result.exitCode}`;
  throw new Problem('program-failed', `${name} could not ${call.purpose}: it ${how}${said ? `:\n${said}` : '.'}`, {
    hint: `Try it by hand: ${name} ${args.join(' ')}`,
  });
}
