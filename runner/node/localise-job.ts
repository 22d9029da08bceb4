import { join } from 'node:path';
import { inCopy } from '../executors/requeue-paths.ts';
import type { WorkerJob } from '../job/worker-job.ts';
import { withLaterUrls } from '../job/served-job.ts';

/**
 * A job as it is to be done by this process. A scheduler may have started it again: then this copy has places of its own, and
 * perhaps something to go on from. Of a job that brings services along only its node knows ports and urls.
 */
export function asHere(job: WorkerJob, folder: string, env: NodeJS.ProcessEnv): WorkerJob {
  const { STET_HERE, STET_OUT = '', STET_RESUMING, STET_PORT, STET_SERVICES } = env;
  const found = {
    ...job,
    ...(STET_PORT === undefined ? {} : { port: Number(STET_PORT) }),
    ...(STET_SERVICES === undefined ? {} : { inputs: withLaterUrls(job.inputs, STET_SERVICES) }),
  };
  if (STET_HERE === undefined) return found;
  const place = { here: STET_HERE, out: STET_OUT };
  const told = { folder, sharedOut: job.sharedOut };
  return {
    ...found,
    out: Object.fromEntries(Object.entries(job.out).map(([name, path]) => [name, inCopy(path, told, place)])),
    scratch: join(STET_HERE, 'scratch'),
    resuming: STET_RESUMING === '1',
  };
}
