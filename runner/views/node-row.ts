import type { Progress } from '../../tasks/core/spec.ts';
import type { NodePhase } from '../log/node-phase.ts';
import type { NodeState } from '../log/state.ts';
import { type OnCluster, runningWords, waitingWords } from './cluster-words.ts';
import { cut, oneLine, pad } from './columns.ts';
import type { Paint } from './paint.ts';
import { acceptedInWords } from '../words/accepted.ts';
import { metric, duration, ticking } from '../words/quantities.ts';

/** What a task told of its progress, and what follows from its pace. */
export interface Pace extends Progress {
  readonly secondsLeft?: number;
}

/** What a view is drawn with. `now` is milliseconds since the epoch; `tick` counts redraws, for what turns. */
export interface Frame {
  readonly now: number;
  readonly tick: number;
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
  /** Stands below the header; empty when there is nothing to say. */
  readonly note: string;
  readonly paceOf: (address: string) => Pace | undefined;
  /** Of nodes whose jobs have a name with a scheduler. */
  readonly onCluster?: ((address: string) => OnCluster | undefined) | undefined;
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const marks: Readonly<Record<Exclude<NodePhase, 'running'>, string>> = {
  waiting: '○',
  awaited: '◌',
  queued: '◌',
  done: '✓',
  cached: '✓',
  failed: '✗',
  skipped: '–',
};

/** One node in one line. `labelColumns` is the width of the first column; the end is cut where the terminal ends. */
export function nodeRow(
  node: NodeState,
  labelOf: (address: string) => string,
  labelColumns: number,
  frame: Frame,
): string {
  const { paint, columns } = frame;
  const mark = node.phase === 'running' ? (spinner[frame.tick % spinner.length] as string) : marks[node.phase];
  const color = colorOf(node.phase, paint);
  const label =
    node.phase === 'waiting' || node.phase === 'cached' || node.phase === 'skipped'
      ? paint.dim
      : (text: string) => text;
  const told = tell(node, labelOf, frame);
  return cut(`  ${color(mark)} ${label(pad(oneLine(node.label), labelColumns))}  ${told}`.trimEnd(), columns);
}

export function colorOf(phase: NodePhase, paint: Paint): (text: string) => string {
  switch (phase) {
    case 'running':
      return paint.cyan;
    case 'done':
      return paint.green;
    case 'failed':
      return paint.red;
    case 'awaited':
    case 'queued':
      return paint.yellow;
    default:
      return paint.dim;
  }
}

function tell(node: NodeState, labelOf: (address: string) => string, frame: Frame): string {
  const { paint } = frame;
  switch (node.phase) {
    case 'waiting':
      return '';
    case 'awaited':
      return paint.dim('another run is making it');
    case 'queued':
      if (node.failure?.code === 'cancelled') return paint.dim('stopped');
      return node.failure
        ? paint.yellow(`tried again: ${firstLine(node.failure.message)}`)
        : paint.dim(waiting(node, frame));
    case 'running':
      return running(node, frame);
    case 'done':
      if (node.isService) return paint.dim(`was up for ${duration(node.seconds ?? 0)}`);
      return `${duration(node.seconds ?? 0)}${node.changed === false ? paint.dim('  same result as before') : ''}`;
    case 'cached':
      return paint.dim(node.accepted ? oneLine(acceptedInWords(node.accepted)) : 'cached');
    case 'failed':
      return paint.red(firstLine(node.failure?.message ?? 'failed'));
    case 'skipped':
      return paint.dim(node.because ? `skipped: needs ${oneLine(labelOf(node.because))}` : 'skipped');
    default:
      return unknownPhase(node.phase);
  }
}

function waiting(node: NodeState, { now, onCluster }: Frame): string {
  const known = node.name !== undefined ? onCluster?.(node.address) : undefined;
  return known ? waitingWords(known, now) : 'waits for room';
}

function running(node: NodeState, frame: Frame): string {
  const { now, paint, onCluster } = frame;
  const known = node.name !== undefined ? onCluster?.(node.address) : undefined;
  const more = known ? runningWords(node, known, now) : '';
  return more === '' ? progress(node, frame) : `${progress(node, frame)}  ${paint.dim(more)}`;
}

function progress(node: NodeState, { now, columns, paint, paceOf }: Frame): string {
  const elapsed = ticking((now - (node.startedAt ?? now)) / 1000);
  if (node.isService) return `${elapsed}  ${paint.dim(node.url === undefined ? 'comes up' : `is up at ${node.url}`)}`;
  const items = node.released > 0 ? `${node.released} out` : '';
  const pace = paceOf(node.address);
  if (!pace || pace.total <= 0) return [elapsed, items].filter(Boolean).join('  ');

  const share = Math.min(1, Math.max(0, pace.done / pace.total));
  const left = pace.secondsLeft === undefined ? '' : `, ${ticking(pace.secondsLeft)} left`;
  const metrics = Object.entries(pace.metrics ?? {}).map(([name, value]) => `${oneLine(name)} ${metric(value)}`);
  return [
    columns >= 60 ? bar(share, columns >= 90 ? 20 : 10, paint) : '',
    `${String(Math.floor(share * 100)).padStart(3)} %`,
    elapsed + left,
    paint.dim(
      [`${metric(pace.done)}/${metric(pace.total)} ${oneLine(pace.unit)}`.trim(), ...metrics, items]
        .filter(Boolean)
        .join('  '),
    ),
  ]
    .filter(Boolean)
    .join('  ');
}

function bar(share: number, width: number, { cyan, dim }: Paint): string {
  const full = Math.round(share * width);
  return cyan('━'.repeat(full)) + dim('─'.repeat(width - full));
}

function firstLine(text: string): string {
  return oneLine(text.split('\n')[0] ?? '');
}

function unknownPhase(phase: never): string {
  return String(phase);
}
