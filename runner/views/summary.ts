import { countsOf, type NodeState, type RunState } from '../state.ts';
import { oneLine, pad, columnsOf } from './columns.ts';
import { type FailureSources, failureLines } from './failure.ts';
import type { Paint } from './paint.ts';
import { allKnown, duration } from './quantities.ts';
import { resultLines } from './results.ts';

export interface SummarySources {
  readonly paint: Paint;
  /** The name that commands take. */
  readonly name: string;
  /** Seconds that cached nodes took when they ran, as far as it is known. */
  readonly savedSeconds: number | undefined;
  /** Pages that were written out, by result name. */
  readonly pages: Readonly<Record<string, string>>;
  readonly failureOf: (node: NodeState) => FailureSources;
}

/** Failures are told in full up to here; the rest by name. */
const failuresInFull = 5;
/** Of the nodes that ran, this many are listed, the longest first. */
const longestShown = 8;

/** What stays in the scrollback when a run is over. */
export function summaryLines(state: RunState, sources: SummarySources): string[] {
  const { paint, name } = sources;
  const nodes = [...state.nodes.values()];
  const isNoop = state.status === 'succeeded' && nodes.every(({ phase }) => phase === 'cached');
  const results = Object.keys(state.results ?? {}).length > 0 ? ['', ...resultLines(name, state.results, paint)] : [];
  const pages = Object.entries(sources.pages).map(([result, path]) => `  ${paint.dim(`${result} to look at:`)} ${path}`);
  return [
    ...failures(nodes, sources),
    verdict(state, isNoop, nodes.length, sources),
    ...(isNoop ? [] : longest(nodes, paint)),
    ...results,
    ...(pages.length > 0 ? ['', ...pages] : []),
    ...(state.status === 'succeeded' ? [] : ['', advice(state)]),
  ];
}

function failures(nodes: readonly NodeState[], { paint, failureOf }: SummarySources): string[] {
  const failed = nodes.filter(({ phase, failure }) => phase === 'failed' && failure?.code !== 'cancelled');
  const inFull = failed.slice(0, failuresInFull).flatMap((node) => [...failureLines(node, failureOf(node), paint), '']);
  const others = failed.slice(failuresInFull).map(({ label }) => `${paint.red('✗')} ${oneLine(label)}`);
  return [...inFull, ...others, ...(others.length > 0 ? [''] : [])];
}

function verdict(state: RunState, isNoop: boolean, all: number, { paint, savedSeconds }: SummarySources): string {
  const { done, cached, failed, skipped } = countsOf(state);
  const took = duration(((state.endedAt ?? state.startedAt) - state.startedAt) / 1000);
  const saved = savedSeconds !== undefined && savedSeconds >= 1 ? ` (${duration(savedSeconds)} saved)` : '';
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

function markOf({ status }: RunState, { green, red, yellow }: Paint): string {
  if (status === 'succeeded') return green('✓');
  return status === 'failed' ? red('✗') : yellow('■');
}

function wordOf({ status }: RunState): string {
  return status === 'cancelled' ? 'was interrupted' : status;
}

function longest(nodes: readonly NodeState[], paint: Paint): string[] {
  const ran = nodes.filter(({ phase }) => phase === 'done').sort((a, b) => (b.seconds ?? 0) - (a.seconds ?? 0));
  const shown = ran.slice(0, longestShown);
  const labelColumns = Math.max(0, ...shown.map(({ label }) => Math.min(60, columnsOf(label))));
  const rows = shown.map((node) => {
    const same = node.changed === false ? paint.dim('  same result as before') : '';
    return `  ${paint.green('✓')} ${pad(oneLine(node.label), labelColumns)}  ${duration(node.seconds ?? 0)}${same}`;
  });
  const more = ran.length - shown.length;
  return [...rows, ...(more > 0 ? [paint.dim(`  … ${more} more ran`)] : [])];
}

function advice({ status, run }: RunState): string {
  const resume = status === 'cancelled' ? ` (or: pipeline resume ${run})` : '';
  return `The same command again runs only what is missing${resume}.`;
}
