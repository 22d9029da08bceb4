import { closeSync, existsSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDigest } from '../../../cache/digest.ts';
import { Problem } from '../../../cache/problem.ts';
import { openStoreOnly } from '../../project/session.ts';
import { openRegular } from '../../../cache/regular-file.ts';
import type { NodeState } from '../../log/state.ts';
import { acceptedInWords } from '../../words/accepted.ts';
import { quoted } from '../../words/quoted.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { pickNode } from '../runs/pick-node.ts';
import { listRuns, readEvents } from '../../log/run-log.ts';
import { findRun, readRun } from '../runs/find-run.ts';
import { listenForInterrupts } from '../common/interrupts.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';

/** `logs NODE` looks into the newest run, `logs RUN NODE` into that one. */
export async function logs(io: Io, args: readonly string[], { follow, attempt }: Options): Promise<number> {
  const [runName, nodeName] = args.length > 1 ? args : [undefined, args[0]];
  const { store } = await openStoreOnly(storeOptions(io));
  const { root } = store;
  await store.close();
  const run = findRun(root, runName);
  const find = (): { node: NodeState; isOver: boolean } => {
    const { state, outcome } = readRun(root, run);
    return { node: pickNode(nodeName ?? '', [...state.nodes.values()]), isOver: outcome !== 'running' };
  };
  const { node, isOver } = find();
  if (node.job === undefined && (!follow || isOver)) throw await noLog(io, node, run);
  if (typeof attempt === 'string') return printAttempts(io, join(root, 'runs', run), node, attempt);
  if (!follow) {
    const path = logPath(root, run, node);
    const written = existsSync(path) ? copyFrom(path, 0, io) : 0;
    if (written === 0) io.stderr.write(`"${node.label}" wrote nothing in run ${run}.\n`);
    return exitCodes.fine;
  }
  await followLog(io, root, run, find);
  return exitCodes.fine;
}

/** The logs of one attempt, or of all of them in order. */
function printAttempts(io: Io, folder: string, { address, label }: NodeState, wanted: string): number {
  const jobs = new Map<string, number>();
  for (const event of readEvents(folder)) {
    if (event.type === 'node-queued' && event.address === address) jobs.set(event.job, event.attempt);
  }
  const asked = [...jobs].filter(([, attempt]) => wanted === 'all' || String(attempt) === wanted);
  if (asked.length === 0) {
    const numbers = [...new Set(jobs.values())];
    throw new Problem('no-such-attempt', `"${label}" has no attempt ${wanted} in this run.`, {
      hint: `Its attempts: ${[...numbers, 'all'].join(', ')}.`,
    });
  }
  for (const [job, attempt] of asked) {
    if (wanted === 'all') io.print(`--- attempt ${attempt} ---`);
    const path = join(folder, job, 'log.txt');
    const written = existsSync(path) ? copyFrom(path, 0, io) : 0;
    if (written === 0) io.stderr.write(`"${label}" wrote nothing in attempt ${attempt}.\n`);
  }
  return exitCodes.fine;
}

/** The log of the newest attempt as it grows, until the node has ended. A new attempt's log follows the old one's. */
async function followLog(
  io: Io,
  root: string,
  run: string,
  find: () => { node: NodeState; isOver: boolean },
): Promise<void> {
  const interrupts = listenForInterrupts(() => {});
  let shown = { path: '', offset: 0 };
  try {
    while (!interrupts.signal.aborted) {
      const { node, isOver } = find();
      if (node.job !== undefined) {
        const path = logPath(root, run, node);
        if (path !== shown.path) shown = { path, offset: 0 };
        if (existsSync(path)) shown.offset = copyFrom(path, shown.offset, io);
      }
      if (isOver || ['done', 'cached', 'failed', 'skipped'].includes(node.phase)) return;
      await delay(200, undefined, { signal: interrupts.signal }).catch(() => {}); // Ctrl-C ends the watching, not the run
    }
  } finally {
    interrupts.dispose();
  }
}

function logPath(root: string, run: string, { job }: NodeState): string {
  return join(root, 'runs', run, job ?? '', 'log.txt');
}

/** Returns where it stopped. */
function copyFrom(path: string, from: number, io: Io): number {
  const file = openRegular(path);
  const buffer = Buffer.alloc(64 * 1024);
  let offset = from;
  try {
    for (
      let read = readSync(file, buffer, 0, buffer.length, offset);
      read > 0;
      read = readSync(file, buffer, 0, buffer.length, offset)
    ) {
      io.stdout.writeBytes(Buffer.from(buffer.subarray(0, read)));
      offset += read;
    }
    return offset;
  } finally {
    closeSync(file);
  }
}

async function noLog(io: Io, node: NodeState, run: string): Promise<Problem> {
  const { label, phase, because, accepted } = node;
  const why: Partial<Record<NodeState['phase'], string>> = {
    cached: accepted ? acceptedInWords(accepted) : 'its result was known, so it did not run',
    awaited: 'another run made it',
    skipped: `it was skipped${because ? ` because ${because} failed` : ''}`,
  };
  return new Problem('no-log', `"${label}" has no log in run ${run}: ${why[phase] ?? 'it has not started'}.`, {
    hint: (phase === 'cached' && (await whereItRan(io, node))) || `pipeline status ${run}`,
  });
}

/** The command that shows what it wrote when it ran, where that run is still there. */
async function whereItRan(io: Io, { fingerprint }: NodeState): Promise<string | undefined> {
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const record = isDigest(fingerprint) ? await store.records.get(fingerprint) : undefined;
    if (!record || !listRuns(store.root).includes(record.provenance.run)) return undefined;
    return `pipeline logs ${record.provenance.run} ${quoted(record.provenance.node)}`;
  } finally {
    await store.close();
  }
}
