import type { NodeState } from '../log/state.ts';
import { cut, oneLine } from './columns.ts';
import type { Paint } from './paint.ts';
import { withStore } from './suggest.ts';
import { quoted } from '../words/quoted.ts';
import { count, duration } from '../words/quantities.ts';

/** Where the lines of a failure come from, besides the node: its log's path for people, and the log's last lines. */
export interface FailureSources {
  readonly run: string;
  /** The folder that `--store` named, if it did: commands that are told must name it too. */
  readonly store?: string | undefined;
  readonly logPath: string | undefined;
  readonly logTail: readonly string[];
  /** Log lines are cut here; undefined where nothing wraps. */
  readonly columns: number | undefined;
}

/** What failed, where to look, what to try, and what is kept. */
export function failureLines(
  node: NodeState,
  { run, store, logPath, logTail, columns }: FailureSources,
  paint: Paint,
): string[] {
  const { failure, attempt, seconds, released } = node;
  const after = seconds === undefined ? '' : ` after ${duration(seconds)}`;
  const field = (name: string, text: string): string[] =>
    text.split('\n').map((line, i) => `  ${paint.dim((i === 0 ? name : '').padEnd(5))}  ${oneLine(line)}`);
  return [
    `${paint.red('✗')} ${paint.bold(oneLine(node.label))} failed${after}${attempt > 1 ? `, attempt ${attempt}` : ''}`,
    ...field('what', failure?.message ?? 'it ended without a result'),
    ...(logPath ? field('where', logPath) : []),
    ...field('try', withStore(failure?.hint ?? `pipeline logs ${run} ${quoted(node.label)}`, store)),
    ...(released > 0
      ? field(
          'kept',
          `${count(released, 'item')} released before the end; what was made of ${released === 1 ? 'it' : 'them'} is kept`,
        )
      : []),
    ...(logTail.length > 0
      ? field('log', logTail.join('\n')).map((line) => (columns === undefined ? line : cut(line, columns)))
      : []),
  ];
}
