import { isTable } from '../../cache/canonical-json.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import type { Change, Executor, Job } from './executor.ts';

/**
 * An executor as the engine has it, whoever wrote it. It gets jobs as plain data and nothing of the engine beside them; what it throws is
 * told as its own mistake; what it reports and is no change is told and passed over.
 */
export function guarded(executor: Executor, name: string): Executor {
  const lacking = methods.filter((method) => typeof executor[method] !== 'function');
  if (lacking.length > 0) {
    throw new Problem('executor-failed', `The executor ${name} lacks ${lacking.join(', ')}.`, {
      hint: 'What its door makes has all of the interface in `executor.ts`.',
    });
  }
  let listener: (change: Change) => void = () => {};
  const trouble = (message: string): void => listener({ type: 'trouble', message: `The executor ${name} ${message}` });
  const ended = new Set<string>();
  const called = <T>(method: string, call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      throw failed(name, method, cause);
    }
  };
  const calledSoon = async (method: string, call: () => Promise<void>): Promise<void> => {
    try {
      await call();
    } catch (cause) {
      throw failed(name, method, cause);
    }
  };
  return {
    outlivesDriver: executor.outlivesDriver,
    visibleWithinSeconds: executor.visibleWithinSeconds,
    open: () => calledSoon('open', () => executor.open()),
    hasRoom: (resources) => called('hasRoom', () => executor.hasRoom(resources)),
    refusal: (resources) => called('refusal', () => executor.refusal(resources)),
    submit: (job) => called('submit', () => executor.submit(plainJob(job))),
    adopt: (job, as) => called('adopt', () => executor.adopt(plainJob(job), as)),
    cancel: (job, how) => {
      try {
        executor.cancel(plainJob(job), how);
      } catch (error) {
        trouble(`could not end ${job.label}: ${messageOf(error)}. It may run on.`);
      }
    },
    queueStatus: (job) => called('queueStatus', () => executor.queueStatus(plainJob(job))),
    endedWell: (folder) => called('endedWell', () => executor.endedWell?.(folder) ?? false),
    onChange: (next) => {
      listener = next;
      executor.onChange((change: unknown) => {
        const wrong = whatIsWrong(change);
        if (wrong !== undefined) return trouble(`reported what is no change: ${wrong}.`);
        const right = change as Change;
        if (right.type === 'exited') ended.add(right.job.token);
        if (right.type === 'started' && ended.has(right.job.token)) {
          return trouble(`reported that ${right.job.label} started after it had ended: do not trust what it gave.`);
        }
        next(right);
      });
    },
    settle: () => calledSoon('settle', () => executor.settle()),
    close: async () => {
      try {
        await executor.close();
      } catch (error) {
        trouble(`could not be closed: ${messageOf(error)}`);
      }
    },
  };
}

const methods = [
  'open',
  'hasRoom',
  'refusal',
  'submit',
  'adopt',
  'cancel',
  'queueStatus',
  'onChange',
  'settle',
  'close',
] as const;

function failed(name: string, method: string, cause: unknown): Problem {
  if (Problem.is(cause)) return cause;
  return new Problem('executor-failed', `The executor ${name} threw in \`${method}\`: ${messageOf(cause)}`, {
    hint: 'This is a mistake in that executor, not in the pipeline.',
    cause,
  });
}

const types: ReadonlySet<unknown> = new Set(['submitting', 'submitted', 'started', 'requeued', 'trouble', 'exited']);

/** In words; undefined when it is a change. */
function whatIsWrong(change: unknown): string | undefined {
  if (!isTable(change)) return String(change);
  if (!types.has(change.type)) return `its type is ${String(change.type)}`;
  if (change.type === 'trouble') return typeof change.message === 'string' ? undefined : 'trouble without a message';
  if (!isTable(change.job) || typeof change.job.token !== 'string') return `${String(change.type)} without a job`;
  if (change.type === 'exited' && !isTable(change.exit)) return 'exited without an exit';
  return undefined;
}

/** What executors know of a job: it can be copied, and sent elsewhere. */
function plainJob(job: Job): Job {
  const { id, label, token, folder, command, resources, isService, secrets, avoid, warning, shared } = job;
  const { args, cwd, env, resumeArgs } = command;
  const plainCommand = { args, cwd, env, resumeArgs };
  return { id, label, token, folder, command: plainCommand, resources, isService, secrets, avoid, warning, shared };
}
