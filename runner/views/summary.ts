import { countsOf, type NodeState, type RunState, type Saved } from '../log/state.ts';
import { hours } from './cluster-words.ts';
import { oneLine, pad, columnsOf } from './columns.ts';
import { costLines } from './cost-lines.ts';
import { type FailureSources, failureLines } from './failure.ts';
import { inStore } from './suggest.ts';
import type { Paint } from './paint.ts';
import { acceptedInWords } from '../words/accepted.ts';
import { allKnown, count, duration } from '../words/quantities.ts';
import { resultLines } from './results.ts';

export interface SummarySources {
  readonly paint: Paint;
  /** The name that commands take. */
  readonly name: string;
  /** The folder that `--store` named, if it did. */
  readonly store?: string | undefined;
  /** Pages that were written out, by result name. */
  readonly pages: Readonly<Record<string, string>>;
  readonly failureOf: (node: NodeState) => Omit<FailureSources, 'columns'>;
  /** Of the terminal; undefined where nothing wraps. */
  readonly columns: number | undefined;
}

/** So many different failures are told in full; the rest in one line. */
const failuresInFull = 5;
/** Of the nodes that ran, this many are listed, the longest first. */
const longestShown = 8;

/** What stays in the scrollback when a run is over. */
export function summaryLines(state: RunState, sources: SummarySources): string[] {
  const { paint, name, store } = sources;
  const nodes = [...state.nodes.values()];
  const isNoop = state.status === 'succeeded' && nodes.every(({ phase }) => phase === 'cached');
  const results =
    Object.keys(state.results ?? {}).length > 0 ? ['', ...resultLines(name, state.results, paint, store)] : [];
  const pages = Object.entries(sources.pages).map(
    ([result, path]) => `  ${paint.dim(`${result} to look at:`)} ${path}`,
  );
  return [
    ...failures(nodes, sources),
    verdict(state, isNoop, nodes.length, sources),
    ...(isNoop ? [] : longest(nodes, paint)),
    ...accepted(nodes, paint),
    ...costs(state, paint),
    ...results,
    ...(pages.length > 0 ? ['', ...pages] : []),
    ...(state.status === 'succeeded' ? [] : ['', advice(state, store)]),
  ];
}

/** A failure that many nodes share, as the items of a list often do, is told once. */
function failures(nodes: readonly NodeState[], { paint, store, failureOf, columns }: SummarySources): string[] {
  const alike = new Map<string, NodeState[]>();
  for (const node of nodes) {
    if (node.phase !== 'failed' || node.failure?.code === 'cancelled') continue;
    const key = `${node.task}: ${node.failure?.message}`;
    alike.set(key, [...(alike.get(key) ?? []), node]);
  }
  const groups = [...alike.values()];
  const inFull = groups.slice(0, failuresInFull).flatMap(([first, ...others]) => {
    if (!first) return [];
    return [...failureLines(first, { ...failureOf(first), store, columns }, paint), ...likewise(others, paint), ''];
  });
  const byName = groups
    .slice(failuresInFull)
    .flatMap(([first, ...others]) => (first ? [failedLine(first, paint), ...likewise(others, paint)] : []));
  return [...inFull, ...byName, ...(byName.length > 0 ? [''] : [])];
}

function failedLine({ label, failure }: NodeState, { red }: Paint): string {
  return `${red('✗')} ${oneLine(label)} failed: ${oneLine(failure?.message.split('\n')[0] ?? '')}`;
}

function likewise(others: readonly NodeState[], { red }: Paint): string[] {
  const shown = others.slice(0, 8).map(({ label }) => `${red('✗')} ${oneLine(label)} failed likewise`);
  const more = others.length - shown.length;
  return more > 0 ? [...shown, `${red('✗')} ${count(more, 'more node')} failed likewise`] : shown;
}

function verdict(state: RunState, isNoop: boolean, all: number, { paint }: SummarySources): string {
  const { done, cached, failed, skipped } = countsOf(state);
  const took = duration(((state.endedAt ?? state.startedAt) - state.startedAt) / 1000);
  const saved = savedWords(state.saved);
  const title = `${paint.bold(state.pipeline)} run ${state.run}`;
  if (isNoop) return `${paint.green('✓')} ${title}: nothing to do: ${allKnown(all)}${saved}`;

  const parts = [
    `${done} ran`,
    `${cached} cached${saved}`,
    ...(failed > 0 ? [paint.red(`${failed} failed`)] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ];
  return `${markOf(state, paint)} ${title} ${wordOf(state)} in ${took}: ${parts.join(', ')}`;
}

function savedWords({ seconds, gpuSeconds }: Saved): string {
  if (seconds < 1) return '';
  return ` (${duration(seconds)}${gpuSeconds >= 36 ? ` and ${hours(gpuSeconds)} GPU h` : ''} saved)`;
}

function markOf({ status }: RunState, { green, red, yellow }: Paint): string {
  if (status === 'succeeded') return green('✓');
  return status === 'failed' ? red('✗') : yellow('■');
}

function wordOf({ status }: RunState): string {
  return status === 'cancelled' ? 'was interrupted' : status;
}

function longest(nodes: readonly NodeState[], paint: Paint): string[] {
  const ran = nodes
    .filter(({ phase, isService }) => phase === 'done' && !isService)
    .sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0));
  const shown = ran.slice(0, longestShown);
  const labelColumns = Math.max(0, ...shown.map(({ label }) => Math.min(60, columnsOf(label))));
  const rows = shown.map((node) => {
    const same = node.changed === false ? paint.dim('  same result as before') : '';
    return `  ${paint.green('✓')} ${pad(oneLine(node.label), labelColumns)}  ${duration(node.seconds ?? 0)}${same}`;
  });
  const more = ran.length - shown.length;
  return [...rows, ...(more > 0 ? [paint.dim(`  … ${more} more ran`)] : [])];
}

/** What came from what a person said, so that nobody takes it for the result of today's code. */
function accepted(nodes: readonly NodeState[], { dim, green }: Paint): string[] {
  return nodes.flatMap(({ phase, label, accepted }) => {
    if (phase !== 'cached' || !accepted) return [];
    return [`  ${green('✓')} ${oneLine(label)}  ${dim(oneLine(acceptedInWords(accepted)))}`];
  });
}

function costs(state: RunState, paint: Paint): string[] {
  const lines = costLines(state, paint);
  return lines.length > 0 ? ['', ...lines] : [];
}

function advice({ status, run }: RunState, store: string | undefined): string {
  const resume = status === 'cancelled' ? ` (or: pipeline resume ${run}${inStore(store)})` : '';
  return `The same command again runs only what is missing${resume}.`;
}
