import { pathToFileURL } from 'node:url';
import { checkFrozen } from '../../cache/code/frozen-list.ts';
import { Problem } from '../../cache/problem.ts';
import { isPipeline } from '../../pipelines/core/pipeline.ts';
import type { CallNode, ServiceNode } from '../../tasks/core/node.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { WorkerJob } from '../job/worker-job.ts';
import { onPort } from '../keys/service-task.ts';
import { graphOf } from '../project/build-graph.ts';

/** The node of a job, from the frozen pipeline that the job names. Throws `graph-differs`, `frozen-code-damaged`. */
export async function findNodeOf(job: WorkerJob): Promise<CallNode | ServiceNode> {
  if (job.seal !== undefined) checkFrozen(job.entry, job.seal);
  const module = (await import(pathToFileURL(job.entry).href)) as { default?: unknown };
  if (!isPipeline(module.default))
    throw new Problem('no-pipeline', `${job.entry} has no pipeline as its default export.`);
  const graph = graphOf(module.default, job.points);
  const node = graph.byAddress.get(job.node)?.node;
  if (graph.digest !== job.graph || (node?.type !== 'call' && node?.type !== 'service')) {
    throw new Problem(
      'graph-differs',
      `The pipeline gives another graph in this job (${graph.digest}) than in its driver (${job.graph}).`,
      {
        hint: 'Its build function must be pure: no clock, no randomness, no files, no environment.',
      },
    );
  }
  return node;
}

/** What a job runs; a service listens on the job's port. */
export async function findTask(job: WorkerJob): Promise<TaskSpec> {
  const node = await findNodeOf(job);
  return node.type === 'call' ? node.spec : onPort(node.spec, job.port ?? 0);
}
