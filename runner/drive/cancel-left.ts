import type { Digest } from '../../cache/digest.ts';
import type { Store } from '../../cache/store.ts';
import { Leases } from './leases.ts';
import type { Event, Fact } from '../log/events.ts';
import { openLog } from '../log/run-log.ts';
import { countsOf, type RunState } from '../log/state.ts';
import { type Submission, Submissions } from '../log/submissions.ts';
import { doorNamed, siteFor } from '../site/doors.ts';
import type { Site } from '../site/site.ts';

/** Ends the jobs of a run that nobody drives: of one node, or all. The run's log tells it. */
export async function cancelLeft(
  { store, site }: { store: Store; site: Site },
  { run, state }: { run: string; state: RunState },
  address: string | undefined,
): Promise<void> {
  const submissions = new Submissions(store.root);
  const leases = new Leases(store.root, run);
  try {
    const wanted = submissions
      .all()
      .filter((one) => one.run === run && (address === undefined || one.address === address));
    const mine = wanted.filter(({ fingerprint }) => leases.take(fingerprint as Digest));
    await endJobs(mine, { site, storeRoot: store.root });
    const log = openLog(store.root, run);
    const tell = (fact: Fact): void => log.append({ time: new Date().toISOString(), ...fact } as Event);
    try {
      for (const { address: at, label, attempt, fingerprint } of mine) {
        const failure = { code: 'cancelled', message: 'It was cancelled with `pipeline cancel`.' };
        tell({ type: 'node-failed', address: at, label, attempt, seconds: 0, failure, willRetry: true });
        submissions.remove(fingerprint as Digest);
      }
      if (address === undefined) {
        const seconds = (Date.now() - state.startedAt) / 1000;
        tell({
          type: 'run-finished',
          run,
          status: 'cancelled',
          counts: countsOf(state),
          seconds,
          results: state.results,
        });
      }
    } finally {
      log.close();
    }
  } finally {
    leases.releaseAll();
  }
}

/** Each executor ends its own. */
async function endJobs(submissions: readonly Submission[], place: { site: Site; storeRoot: string }): Promise<void> {
  for (const name of new Set(submissions.map(({ executor }) => executor))) {
    const door = await doorNamed(place.site, name);
    const own = submissions.filter(({ executor }) => executor === name);
    await door.left?.end(own, siteFor(door, place));
  }
}
