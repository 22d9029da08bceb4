import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../../../cache/problem.ts';
import type { LeftJob } from '../../door.ts';
import type { QueueStatus, Submitted } from '../../executor.ts';
import { slurmCommands } from '../queue/slurm-commands.ts';
import { standingOf } from '../queue/classify.ts';
import { queueStatusOf } from '../queue/queue-status.ts';
import type { QueueRow } from '../queue/queue-text.ts';
import { RenamedJobs } from '../jobs/renamed-jobs.ts';
import { scancelId } from '../jobs/slurm-job.ts';
import { withdrawJob } from '../script/exit-record.ts';
import { inShell } from '../script/shell-settings.ts';
import type { SlurmSite } from '../script/slurm-site.ts';
import { Listing } from '../queue/listing.ts';

/** So long cancelled jobs may take to leave the queue, in seconds. */
const patienceSeconds = 120;

/** What the queue says of jobs, whoever drives them: one query for all. Undefined when nobody answers. */
export async function queueStatuses(
  jobs: readonly Submitted[],
  own: SlurmSite,
): Promise<readonly (QueueStatus | undefined)[] | undefined> {
  const answer = await slurmCommands(inShell(own)).queue();
  if (answer.is !== 'answer') return undefined;
  const listing = new Listing(answer.value);
  return jobs.map((job) => {
    const row = listing.find(job);
    return row && queueStatusOf(row);
  });
}

/** Ends jobs that nobody drives. Throws `slurm-silent` when they do not leave the queue. */
export async function endJobs(jobs: readonly LeftJob[], own: SlurmSite): Promise<void> {
  const commands = slurmCommands(inShell(own));
  const renamed = new RenamedJobs(commands);
  for (const { folder } of jobs) withdrawJob(folder);
  const end = performance.now() + patienceSeconds * 1000;
  for (let isFirst = true; ; isFirst = false) {
    const answer = await commands.jobs();
    if (answer.is === 'answer') {
      const listing = new Listing(answer.value);
      const left: QueueRow[] = [];
      for (const job of jobs) {
        const row = listing.find(job) ?? (await renamed.find({ folder: job.folder, as: job }, listing));
        if (row && standingOf(row).is !== 'over') left.push(row);
      }
      if (left.length === 0) return;
      for (const row of isFirst ? left : []) await commands.cancel(row.name, [scancelId(row)]);
    }
    if (performance.now() > end) {
      throw new Problem('slurm-silent', 'Its jobs have not left the queue.', {
        hint: 'Try it again when Slurm answers.',
      });
    }
    await delay(1000);
  }
}
