import type { NodePhase } from '../log/node-phase.ts';
import { countsOf, type NodeState, type RunState } from '../log/state.ts';
import { columnsOf, cut, oneLine } from './columns.ts';
import { colorOf, type Frame, nodeRow } from './node-row.ts';
import { count, ticking } from '../words/quantities.ts';

/**
 * A run as it stands, in at most `frame.rows - 1` lines of at most `frame.columns` columns.
 *
 * Where there are more nodes than lines, whole groups become counts, the least telling first: cached, skipped, waiting,
 * done, queued. Nodes that run or failed go last.
 */
export function liveLines(state: RunState, frame: Frame): string[] {
  const nodes = [...state.nodes.values(), ...templates(state)];
  const room = Math.max(1, frame.rows - 1 - 2);
  const entries = fit(nodes, room);
  const shown = entries.flatMap((entry) => ('node' in entry ? [entry.node] : []));
  const labelColumns = labelWidth(shown, frame.columns);
  const labels = new Map(nodes.map(({ address, label }) => [address, label]));
  const labelOf = (address: string): string => labels.get(address) ?? address;

  let spare = room - entries.length;
  const body = entries.flatMap((entry) => {
    if (!('node' in entry)) return [cut(foldedRow(entry, frame), frame.columns)];
    const row = nodeRow(entry.node, labelOf, labelColumns, frame);
    const why = spare > 0 ? whyRow(entry.node, frame) : undefined;
    if (why === undefined) return [row];
    spare -= 1;
    return [row, why];
  });
  const counted = nodes.filter(({ isService }) => !isService).length;
  return [header(state, counted, frame), cut(frame.paint.yellow(frame.note), frame.columns), ...body].slice(
    0,
    Math.max(1, frame.rows - 1),
  );
}

interface Folded {
  readonly phase: NodePhase;
  readonly hidden: number;
  readonly all: number;
}
type Entry = { readonly node: NodeState } | Folded;

/** In the order in which nodes are given up when there is no room. */
const leastTelling: readonly NodePhase[] = [
  'cached',
  'skipped',
  'waiting',
  'done',
  'queued',
  'awaited',
  'running',
  'failed',
];
/** Of these the next ones tell most, of the others the newest. */
const frontFirst: ReadonlySet<NodePhase> = new Set(['waiting', 'queued', 'running']);

function fit(nodes: readonly NodeState[], room: number): Entry[] {
  const byPhase = new Map<NodePhase, NodeState[]>();
  for (const node of nodes) {
    const group = byPhase.get(node.phase);
    if (group) group.push(node);
    else byPhase.set(node.phase, [node]);
  }

  const hidden = new Set<NodeState>();
  const folded = new Map<NodeState, Folded>();
  let lines = nodes.length;
  for (const phase of leastTelling) {
    if (lines <= room) break;
    const group = byPhase.get(phase) ?? [];
    // Folding n nodes saves n - 1 lines, for their count takes one.
    const hide = Math.min(group.length, lines - room + 1);
    if (hide < 2) continue;
    const gone = frontFirst.has(phase) ? group.slice(-hide) : oldest(group).slice(0, hide);
    for (const node of gone) hidden.add(node);
    const first = group.find((node) => hidden.has(node)) as NodeState;
    folded.set(first, { phase, hidden: hide, all: group.length });
    lines -= hide - 1;
  }
  return nodes.flatMap((node): Entry[] => {
    const count = folded.get(node);
    if (count) return [count];
    return hidden.has(node) ? [] : [{ node }];
  });
}

function oldest(nodes: readonly NodeState[]): NodeState[] {
  return [...nodes].sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
}

/** Calls inside an `each` that no item has reached yet. */
function templates(state: RunState): NodeState[] {
  const reached = new Set([...state.nodes.keys()].map((address) => address.split('[')[0] as string));
  const isOver = state.status !== 'running';
  return state.planned
    .filter(({ type, perItem, address }) => type === 'call' && perItem && !reached.has(address) && !isOver)
    .map(({ address, label, task }) => ({
      address,
      label: `${label}, per item`,
      task,
      phase: 'waiting',
      attempt: 0,
      released: 0,
    }));
}

function header(state: RunState, all: number, { now, paint, columns }: Frame): string {
  const { done, cached, failed, skipped } = countsOf(state);
  const running = [...state.nodes.values()].filter(({ phase }) => phase === 'running').length;
  const seconds = ((state.endedAt ?? now) - state.startedAt) / 1000;
  const parts = [
    `${done + cached} of ${count(all, 'node')}`,
    ...(running > 0 ? [`${running} running`] : []),
    ...(failed > 0 ? [paint.red(`${failed} failed`)] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ticking(seconds),
  ];
  return cut(`${paint.bold(oneLine(state.pipeline))}  run ${state.run}  ${parts.join(' · ')}`, columns);
}

function foldedRow({ phase, hidden, all }: Folded, { paint }: Frame): string {
  const more = hidden < all ? ' more' : '';
  const words: Readonly<Record<NodePhase, string>> = {
    cached: `${hidden}${more} cached`,
    skipped: `${hidden}${more} skipped`,
    waiting: `${hidden}${more} waiting`,
    done: `${hidden}${more} done`,
    queued: `${hidden}${more} waiting for room`,
    awaited: `${hidden}${more} made by another run`,
    running: `${hidden}${more} running`,
    failed: `${hidden}${more} failed`,
  };
  return `  ${colorOf(phase, paint)('…')} ${paint.dim(words[phase])}`;
}

/** Said only where it is news: on a first run everything never ran before. */
function whyRow({ phase, reason }: NodeState, { paint, columns }: Frame): string | undefined {
  if (phase !== 'running' || reason === undefined || reason === 'it never ran before') return undefined;
  return cut(`      ${paint.dim(`why: ${oneLine(reason)}`)}`, columns);
}

function labelWidth(nodes: readonly NodeState[], columns: number): number {
  const longest = Math.max(0, ...nodes.map(({ label }) => columnsOf(label)));
  return Math.min(longest, Math.max(12, Math.floor(columns * 0.45)));
}
