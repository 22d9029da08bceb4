import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../../cache/problem.ts';
import { cancelLeft } from '../../drive/cancel-left.ts';
import { askToCancel } from '../../log/cancels.ts';
import { openStoreOnly } from '../../project/session.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import type { Io } from '../../views/io.ts';
import { pickNode } from '../runs/pick-node.ts';
import { storeOptions } from '../common/session-options.ts';

/** So long the driver of a run has to end what it was told to, in seconds. */
const driverSeconds = 90;
const over = new Set(['done', 'cached', 'failed', 'skipped']);

/** `cancel RUN` ends a run, `cancel NODE` a node of the newest, `cancel RUN NODE` a node of that one. */
export async function cancel(io: Io, args: readonly string[]): Promise<number> {
  const [first = '', second] = args;
  const isRun = second !== undefined || /^\d+$/.test(first);
  const { store, site } = await openStoreOnly(storeOptions(io));
  try {
    const known = readRun(store.root, findRun(store.root, isRun ? first : undefined));
    const nodeName = isRun ? second : first;
    const node = nodeName === undefined ? undefined : pickNode(nodeName, [...known.state.nodes.values()]);
    const what = node ? `"${node.label}" of run ${known.run}` : `Run ${known.run}`;
    if ((node && over.has(node.phase)) || ['succeeded', 'failed', 'cancelled'].includes(known.outcome)) {
      io.print(`${what} has ended already.`);
      return exitCodes.fine;
    }
    if (known.outcome === 'running') await tellDriver(store.root, known, node?.address);
    else await cancelLeft({ store, site }, known, node?.address);
    io.print(`${what} was cancelled.`);
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}

async function tellDriver(root: string, { run, folder, state }: KnownRun, address: string | undefined): Promise<void> {
  askToCancel(folder, address);
  const end = performance.now() + driverSeconds * 1000;
  while (performance.now() < end) {
    await delay(300);
    const now = readRun(root, run);
    const node = address === undefined ? undefined : now.state.nodes.get(address);
    if (now.outcome !== 'running' || (node && over.has(node.phase))) return;
  }
  throw new Problem(
    'driver-silent',
    `The driver of run ${run}, process ${state.pid} on ${state.host}, did not react.`,
    {
      hint: `Jobs may wait for a controller that does not answer. Look again with: pipeline status ${run}`,
    },
  );
}
