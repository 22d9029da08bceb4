import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { openStore } from '../../cache/store.ts';
import { buildGraph } from '../../pipelines/core/graph.ts';
import { coordinate } from '../../runner/coordinator.ts';
import type { EventOf } from '../../runner/events.ts';
import { LocalExecutor } from '../../runner/executors/local.ts';
import { createRun, openLog } from '../../runner/run-log.ts';
import type { Session } from '../../runner/session.ts';

/** Runs a graph to its end in this process, as the command line would; gives the last event. */
export async function runInProcess(
  folder: string,
  build: () => unknown,
  { jobs }: { jobs: number },
): Promise<EventOf<'run-finished'>> {
  const store = await openStore(join(folder, 'store'));
  const graph = buildGraph(build());
  const session: Session = {
    store,
    storeRoot: store.root,
    site: { local: {} },
    loaded: undefined as never,
    pipelineName: 'bench',
    root: folder,
    points: [{ label: '', params: {} }],
    graph,
    codeOf: () => ({}),
    code: { entry: '', points: [], graph: graph.digest },
    close: () => store.close(),
  };
  const { run } = createRun(store.root);
  const executor = await LocalExecutor.open({ cpus: jobs, memoryGb: 64, gpus: [], gpuType: undefined, jobs });
  const never = new AbortController().signal;
  const options = { run: openLog(store.root, run), executor, diagnostics: pino({ level: 'silent' }), resumed: false, signal: never, kill: never };
  let last: EventOf<'run-finished'> | undefined;
  for await (const event of coordinate(session, options)) if (event.type === 'run-finished') last = event;
  await store.close();
  if (!last) throw new Error('the run did not finish');
  return last;
}

export function temporary(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Milliseconds that `body` takes. */
export async function timed(body: () => Promise<unknown> | unknown): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}
