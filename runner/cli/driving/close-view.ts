import { join } from 'node:path';
import type { RunLog } from '../../log/run-log.ts';
import type { NodeState, RunState } from '../../log/state.ts';
import type { Session } from '../../project/session.ts';
import type { Io } from '../../views/io.ts';
import { paint } from '../../views/paint.ts';
import type { RunView } from '../../views/run-view.ts';
import { inStore } from '../../views/suggest.ts';
import { summaryLines } from '../../views/summary.ts';
import { shortPath } from '../common/short-path.ts';
import { writePages } from '../results/pages.ts';
import { logTail } from '../runs/log-end.ts';

/** Lines of a failed job's log that are shown. */
const tailLines = 8;

/** Ends what a person watched: with the summary of the run, or with how to go on when jobs are left to the cluster. */
export async function closeView(
  session: Session,
  { run, name, json }: { readonly run: RunLog; readonly name: string; readonly json?: boolean },
  state: RunState,
  view: RunView,
  io: Io,
): Promise<void> {
  if (state.left !== undefined) {
    view.close(json ? [] : [`Its jobs run on. Go on with: pipeline attach ${run.run}${inStore(io.storeFolder)}`]);
    return;
  }
  const pages = await writePages(session.store, run.folder, state);
  if (json) {
    view.close([]);
    return;
  }
  const shown = (path: string): string => shortPath(io.cwd, path);
  const failureOf = (node: NodeState) => {
    const log = node.job === undefined ? undefined : join(run.folder, node.job, 'log.txt');
    return { run: run.run, logPath: log && shown(log), logTail: log ? logTail(log, tailLines) : [] };
  };
  const shownPages = Object.fromEntries(Object.entries(pages).map(([result, path]) => [result, shown(path)]));
  const isFull = [...state.nodes.values()].some(({ failure }) => failure?.code === 'disk-full');
  const room = isFull ? await roomIn(session, run, io) : [];
  view.close([
    ...summaryLines(state, {
      paint: paint(io.stdout.hasColor),
      columns: io.stdout.isLive ? io.stdout.size().columns : undefined,
      name,
      store: io.storeFolder,
      pages: shownPages,
      failureOf,
    }),
    ...room,
  ]);
}

async function roomIn({ store }: Session, { run }: RunLog, { storeFolder }: Io): Promise<string[]> {
  const { freeableLines } = await import('../runs/freeable.ts');
  return freeableLines(store, run, storeFolder);
}
