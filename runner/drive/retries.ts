import type { Resources } from '../../tasks/core/resources.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { AttemptEnd } from '../attempt/attempt-end.ts';
import { noProgress } from '../job/shared-outputs.ts';
import type { Tries } from '../log/tries.ts';

/** A node that is lost so often is not unlucky. */
const mostOutside = 20;
/** Nobody knows what became of them: it may be something of their own. */
const mostLost = 5;
const mostFaultyNodes = 5;
/** A service that dies so often under one node dies of that node. */
const mostServiceDeaths = 3;

export interface TriedTask {
  /** How many times the call wants to be tried again. */
  readonly retries: number;
  readonly spec: Pick<TaskSpec, 'onPreempt' | 'onOutOfMemory'>;
  /** What the task asks for by itself. */
  readonly resources: Resources;
}

/**
 * Whether a failed attempt is followed by another, and how that differs; undefined when it is not.
 *
 * What happened from outside is tried again; running out of time only where the next attempt goes on and the last came
 * further; running out of memory once, with more. The program's own error is tried again as often as the call asks for.
 */
export function nextTry(tries: Tries, end: AttemptEnd, task: TriedTask): Tries | undefined {
  const outside = tries.outside + 1;
  switch (end.cause) {
    // Nothing has been lost but time in the queue.
    case 'never-started':
      return tries;
    case 'preempted':
    case 'node-failed':
      return outside > mostOutside ? undefined : { ...tries, outside };
    case 'lost':
      return outside > mostLost ? undefined : { ...tries, outside };
    case 'service-died': {
      const service = tries.service + 1;
      return service > mostServiceDeaths ? undefined : { ...tries, service };
    }
    case 'faulty-node': {
      const { host } = end.cost ?? {};
      if (host === undefined || tries.avoid.length >= mostFaultyNodes) return undefined;
      return { ...tries, outside, avoid: [...new Set([...tries.avoid, host])] };
    }
    case 'time-limit': {
      const cameFurther = end.progress !== undefined && end.progress !== (tries.progress ?? noProgress);
      return task.spec.onPreempt === 'resume' && cameFurther ? { ...tries, progress: end.progress } : undefined;
    }
    case 'out-of-memory': {
      const memoryGb = moreMemory(task, end.cost?.memoryGb);
      return memoryGb === undefined ? undefined : { ...tries, resources: { ...task.resources, memoryGb } };
    }
    case 'cancelled':
    case 'cancelled-by-hand':
    case 'refused':
      return undefined;
    case undefined: {
      const program = tries.program + 1;
      return program > task.retries ? undefined : { ...tries, program };
    }
    default:
      return unknownCause(end.cause);
  }
}

/** Once: an attempt that had more than the task asks for has been given its second chance. */
function moreMemory(
  { spec: { onOutOfMemory }, resources: { memoryGb } }: TriedTask,
  had: number | undefined,
): number | undefined {
  if (onOutOfMemory === 'fail' || memoryGb === undefined || (had ?? memoryGb) > memoryGb) return undefined;
  const more = Math.min(rounded(memoryGb * onOutOfMemory.factor), onOutOfMemory.mostGb ?? Number.POSITIVE_INFINITY);
  return more > memoryGb ? more : undefined;
}

/** To a thousandth: `0.1 * 3` is no number to show to anybody. */
function rounded(gb: number): number {
  return Math.round(gb * 1000) / 1000;
}

function unknownCause(_cause: never): undefined {
  return undefined;
}
