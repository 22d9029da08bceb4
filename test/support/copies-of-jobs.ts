import type { Change, Executor, Job } from '../../runner/executors/executor.ts';

/** An executor as it is from another process: neither side ever sees an object of the other, so a job is known by its token. */
export function handingOnCopies(executor: Executor): Executor {
  return {
    outlivesDriver: executor.outlivesDriver,
    visibleWithinSeconds: executor.visibleWithinSeconds,
    open: () => executor.open(),
    hasRoom: (resources) => executor.hasRoom(resources),
    refusal: (resources) => executor.refusal(resources),
    submit: (job) => executor.submit(copyOf(job)),
    adopt: (job, as) => executor.adopt(copyOf(job), { ...as }),
    cancel: (job, how) => executor.cancel(copyOf(job), how),
    queueStatus: (job) => executor.queueStatus(copyOf(job)),
    onChange: (listener) => executor.onChange((change) => listener(withCopy(change))),
    settle: () => executor.settle(),
    close: () => executor.close(),
  };
}

function withCopy(change: Change): Change {
  return 'job' in change ? { ...change, job: copyOf(change.job) } : change;
}

/** What executors know of a job, and nothing of what the engine keeps beside it. */
function copyOf(job: Job): Job {
  const { id, label, token, folder, command, resources, isService, secrets, avoid, warning, shared } = job;
  return structuredClone({
    id,
    label,
    token,
    folder,
    command,
    resources,
    isService,
    secrets,
    avoid,
    warning,
    shared,
  });
}
