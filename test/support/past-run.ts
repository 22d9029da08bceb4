import type { Store } from '../../cache/store.ts';
import { type Event, eventFormat, type Fact } from '../../runner/log/events.ts';
import { createRun, openLog } from '../../runner/log/run-log.ts';

/** A run that is over, of a pipeline by name, with these facts in its log; gives its number. */
export function pastRun(store: Store, pipeline: string, facts: readonly Fact[]): string {
  const { run } = createRun(store.root);
  const begun = { format: eventFormat, run, pipeline, params: {}, graph: '', nodes: [], host: 'here', pid: 1 };
  const log = openLog(store.root, run);
  for (const fact of [{ type: 'run-started', ...begun, resumed: false } as const, ...facts]) {
    log.append({ time: '2026-01-01T00:00:00.000Z', ...fact } as Event);
  }
  log.close();
  return run;
}
