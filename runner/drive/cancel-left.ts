import { setTimeout as delay } from 'node:timers/promises';
import type { Digest } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import type { Store } from '../../cache/store.ts';
import { Leases } from './leases.ts';
import type { Event, Fact } from '../log/events.ts';
import { standingOf } from '../executors/slurm/queue/classify.ts';
import { withdrawJob } from '../executors/slurm/script/exit-record.ts';
import { slurmCommands } from '../executors/slurm/make.ts';
import { Listing } from '../executors/slurm/queue/listing.ts';
import { openLog } from '../log/run-log.ts';
import { countsOf, type RunState } from '../log/state.ts';
import { type Submission, Submissions } from '../log/submissions.ts';

/** So long cancelled jobs may take to leave the queue, in seconds. */
const patienceSeconds = 120;

/** Ends the jobs of a run that nobody drives: of one node, or all. The run's log tells it. */
export async function cancelLeft(
  store: Store,
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
    await endJobs(mine);
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

async function endJobs(submissions: readonly Submission[]): Promise<void> {
  if (submissions.length === 0) return;
  const commands = slurmCommands();
  for (const { folder } of submissions) withdrawJob(folder);
  const end = performance.now() + patienceSeconds * 1000;
  for (let isFirst = true; ; isFirst = false) {
    const answer = await commands.queue();
    if (answer.is === 'answer') {
      const listing = new Listing(answer.value);
      const left = submissions.flatMap((submission) => {
        const row = listing.find(submission);
        return row && standingOf(row).is !== 'over' ? [{ submission, row }] : [];
      });
      if (left.length === 0) return;
      for (const { submission, row } of isFirst ? left : []) {
        await commands.cancel(submission.name, [row.index === undefined ? row.id : `${row.id}_${row.index}`]);
      }
    }
    if (performance.now() > end) {
      throw new Problem('slurm-silent', 'Its jobs have not left the queue.', {
        hint: 'Try it again when Slurm answers.',
      });
    }
    await delay(1000);
  }
}
