import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openStoreOnly } from '../../project/session.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Site } from '../../site/site.ts';
import { findRun, type KnownRun, readRun } from '../runs/find-run.ts';
import { followRun } from '../runs/follow-run.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { goOn } from '../driving/drive.ts';
import { storeOptions } from '../common/session-options.ts';
import { statusLines } from '../runs/status-lines.ts';

/** Watches a run that is driven by somebody, and drives one that is not. */
export async function attach(io: Io, [name]: readonly string[], options: Options): Promise<number> {
  const { json } = options as { json?: boolean };
  const { known, site } = await find(io, name);
  switch (known.outcome) {
    case 'running':
      return followRun(io, known, { json, site });
    case 'interrupted':
    case 'left':
      return goOn(io, known, { json });
    default:
      for (const line of statusLines(known, io)) io.print(line);
      return known.outcome === 'succeeded' ? exitCodes.fine : exitCodes.nodeFailed;
  }
}

/** So long a driver in the background may take from its start to its first word, in milliseconds. */
const beginsWithinMs = 20_000;

/** The run as it stands; one that was sent into the background a moment ago as soon as its driver has begun. */
async function begun(root: string, run: string): Promise<KnownRun> {
  const end = performance.now() + beginsWithinMs;
  for (;;) {
    const known = readRun(root, run);
    const isOnItsWay = known.state.pid === 0 && existsSync(join(known.folder, 'driver.log'));
    if (!isOnItsWay || performance.now() > end) return known;
    await delay(50);
  }
}

async function find(io: Io, name: string | undefined): Promise<{ known: KnownRun; site: Site }> {
  const { store, site } = await openStoreOnly(storeOptions(io));
  try {
    return { known: await begun(store.root, findRun(store.root, name)), site };
  } finally {
    await store.close();
  }
}
