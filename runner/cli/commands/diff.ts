import { canonicalJson, isTable, type Json } from '../../../cache/canonical-json.ts';
import type { Digest } from '../../../cache/digest.ts';
import { recipeDifference } from '../../../cache/recipe.ts';
import type { Store } from '../../../cache/store.ts';
import { openStoreOnly } from '../../project/session.ts';
import type { NodeState } from '../../log/state.ts';
import { type Paint, paint } from '../../views/paint.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { pairNodes } from '../runs/pair-nodes.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import type { Io } from '../../views/io.ts';
import { storeOptions } from '../common/session-options.ts';

export async function diff(io: Io, [earlier = '', later = '']: readonly string[]): Promise<number> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const before = readRun(store.root, findRun(store.root, earlier));
    const after = readRun(store.root, findRun(store.root, later));
    const colors = paint(io.stdout.hasColor);
    for (const line of await differences(store, before, after, colors)) io.print(line);
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

async function differences(store: Store, before: KnownRun, after: KnownRun, colors: Paint): Promise<string[]> {
  const { bold, dim } = colors;
  const params = paramChanges(before.state.params, after.state.params);
  const nodes: string[] = [];
  let same = 0;
  for (const [was, is] of await pairNodes(before.state.nodes.values(), after.state.nodes.values(), store.records)) {
    const lines = await nodeChanges(store, was, is, { before: before.run, after: after.run }, colors);
    if (lines.length === 0) same += 1;
    nodes.push(...lines);
  }
  return [
    `${bold('run')} ${before.run} (${before.state.pipeline}, ${before.outcome}) -> ${after.run} (${after.state.pipeline}, ${after.outcome})`,
    bold('parameters'),
    ...(params.length > 0 ? params.map((line) => `  ${line}`) : [dim('  the same')]),
    bold('nodes'),
    ...nodes.map((line) => `  ${line}`),
    dim(`  ${same} with the same recipe${nodes.length > 0 ? '' : ': no difference'}`),
  ];
}

async function nodeChanges(
  store: Store,
  was: NodeState | undefined,
  is: NodeState | undefined,
  runs: { before: string; after: string },
  { yellow, dim }: Paint,
): Promise<string[]> {
  if (!was || !is) return [`${yellow(was?.label ?? is?.label ?? '')}: only in run ${was ? runs.before : runs.after}`];
  const label = was.label === is.label ? yellow(is.label) : `${yellow(was.label)} -> ${yellow(is.label)}`;
  const [before, after] = [was.fingerprint, is.fingerprint];
  if (before === after) return was.phase === 'failed' || is.phase === 'failed' ? outcomeChange(label, was, is) : [];
  if (before === undefined || after === undefined) {
    return [`${label}: got as far as having a recipe only in run ${before === undefined ? runs.after : runs.before}`];
  }
  const [recordWas, recordIs] = await store.records.getMany([before as Digest, after as Digest]);
  const prints = dim(`${short(before)} -> ${short(after)}`);
  if (!recordWas || !recordIs) {
    return [
      `${label}: ${prints}`,
      `  no result of run ${recordWas ? runs.after : runs.before} is in the store, so the recipes cannot be compared`,
    ];
  }
  const isEqual = canonicalJson(recordWas.outputs) === canonicalJson(recordIs.outputs);
  const changes = recipeDifference(recordWas.recipe, recordIs.recipe).map((line) => `  ${line}`);
  return [
    `${label}: ${prints}`,
    ...changes,
    isEqual ? '  the outputs are equal' : `  the outputs differ: ${unequal(recordWas.outputs, recordIs.outputs)}`,
  ];
}

function outcomeChange(label: string, was: NodeState, is: NodeState): string[] {
  return was.phase === is.phase ? [] : [`${label}: the same recipe, ${was.phase} -> ${is.phase}`];
}

function unequal(before: Readonly<Record<string, Json>>, after: Readonly<Record<string, Json>>): string {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null))
    .join(', ');
}

function paramChanges(before: unknown, after: unknown, path = ''): string[] {
  if (isTable(before) && isTable(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => paramChanges(before[key], after[key], path ? `${path}.${key}` : key));
  }
  const [was, is] = [before, after].map((value) => (value === undefined ? 'absent' : JSON.stringify(value)));
  return was === is ? [] : [`${path || 'all'} ${was} -> ${is}`];
}

function short(digest: string): string {
  return digest.replace('sha256:', '').slice(0, 10);
}
