import { messageOf, Problem } from '../../../cache/problem.ts';
import type { Io } from '../../views/io.ts';
import { paint } from '../../views/paint.ts';
import { withStore } from '../../views/suggest.ts';

const reportAt = 'the issue tracker of stet';

/** What a person sees when a command cannot go on. The stack is for those who asked for it. */
export function printProblem(error: unknown, io: Pick<Io, 'stderr' | 'verbose' | 'storeFolder'>): void {
  const { stderr, verbose, storeFolder: store } = io;
  stderr.write(problemLines(error, { verbose, store, color: stderr.hasColor }).join('\n') + '\n');
}

export function problemLines(
  error: unknown,
  { verbose, color, store }: { verbose: boolean; color: boolean; store?: string | undefined },
): string[] {
  const { red, dim } = paint(color);
  const [first = '', ...more] = messageOf(error).split('\n');
  if (Problem.is(error)) {
    return [
      `${red('error')}: ${first}`,
      ...more.map((line) => `  ${line}`),
      ...(error.hint
        ? withStore(error.hint, store)
            .split('\n')
            .map((line, i) => (i === 0 ? `  try: ${line}` : `       ${line}`))
        : []),
      ...(verbose ? [dim(`  code: ${error.code}`), ...stackLines(error, dim)] : []),
    ];
  }
  return [
    `${red('error')}: ${first || 'something that is not an error was thrown'}`,
    ...more.map((line) => `  ${line}`),
    '  This is a mistake in the framework, not in your pipeline.',
    verbose
      ? `  Please report it at ${reportAt}, with the command, the lines below, and the output of \`pipeline doctor\`.`
      : `  Please report it at ${reportAt}, with the command, its output with --verbose, and the output of \`pipeline doctor\`.`,
    ...(verbose ? stackLines(error, dim) : []),
  ];
}

function stackLines(error: unknown, dim: (text: string) => string): string[] {
  const lines: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const stack = (at.stack ?? messageOf(at)).split('\n');
    lines.push(...stack.map((line, i) => dim(`  ${lines.length > 0 && i === 0 ? 'caused by ' : ''}${line}`)));
  }
  return lines;
}
