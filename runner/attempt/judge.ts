import { join, sep } from 'node:path';
import type { Failure } from '../log/events.ts';
import type { EndCause, Exit } from '../executors/executor.ts';
import { readJson } from '../files/read-json.ts';
import { WorkerFailure } from '../job/worker-job.ts';
import type { StagedJob } from '../job/staged-job.ts';

/** Why a job failed, from how it ended and what it left; undefined when it ended well. */
export function judge(job: StagedJob, exit: Exit, executor?: string): Failure | undefined {
  if (exit.cancelled) return { code: 'cancelled', message: 'It was told to stop.' };
  if (exit.cause) return fromOutside(job, exit.cause, { detail: exit.detail, executor });
  const code = exit.code ?? undefined;
  if (code === 0) return undefined;
  return bodyFailure(job.folder) ?? programFailure(job, code, exit);
}

/** What ended it was not its program. */
function fromOutside(
  { resources: { memoryGb, hours } }: StagedJob,
  cause: EndCause,
  { detail, executor }: { detail: string | undefined; executor: string | undefined },
): Failure {
  const more = detail === undefined ? '' : ` (${detail})`;
  switch (cause) {
    case 'cancelled':
      return { code: cause, message: 'It was told to stop.' };
    case 'cancelled-by-hand':
      return { code: cause, message: `Somebody cancelled its job${more}.`, hint: 'Run the pipeline again to have it.' };
    case 'preempted':
      return { code: cause, message: `It had to give way to another job${more}.` };
    case 'time-limit':
      return {
        code: cause,
        message: `Its time was over${hours === undefined ? '' : ` after ${hours} h`}${more}.`,
        hint: "Ask for more: resources: { hours }; with onPreempt: 'resume' a task goes on in another job.",
      };
    case 'out-of-memory':
      return {
        code: cause,
        message: `It ran out of memory${memoryGb === undefined ? '' : ` with ${memoryGb} GB`}${more}.`,
        hint: 'Ask for more: resources: { memoryGb }, or a smaller batch.',
      };
    case 'node-failed':
      return { code: cause, message: `Its node failed${more}.` };
    case 'faulty-node':
      return { code: cause, message: `Its node is not fit for it${more}.` };
    case 'never-started':
      return { code: cause, message: `It did not begin${more}.` };
    case 'lost':
      return { code: cause, message: `It was lost${more}.` };
    case 'refused':
      return {
        code: cause,
        message: `The scheduler does not take it${more}.`,
        hint: `pipeline doctor${executor === undefined ? '' : ` --executor ${executor}`}`,
      };
  }
}

/** None when there is no body, or it was ended from outside. */
function bodyFailure(folder: string): Failure | undefined {
  const failure = readJson(join(folder, 'failure.json'), WorkerFailure);
  if (!failure) return undefined;
  const { code, message, hint } = failure;
  return { code, message, ...(hint ? { hint: hint.replaceAll(join(folder, 'in') + sep, 'its input ') } : {}) };
}

function programFailure({ call }: StagedJob, code: number | undefined, exit: Exit): Failure {
  const signal = exit.signal ?? (code !== undefined && code > 128 ? signalNames.get(code - 128) : undefined);
  if (code === 127) {
    return {
      code: 'no-such-program',
      message: `The program ${programOf(call)}, or one that it starts, was not found.`,
      hint: 'Install it, or set PATH before the run; its log may say which.',
    };
  }
  if (code === 126) {
    return {
      code: 'not-executable',
      message: `The program ${programOf(call)} may not be executed.`,
      hint: 'Make it executable (chmod +x), or start it through its interpreter.',
    };
  }
  if (signal === 'SIGKILL') {
    return {
      code: 'killed',
      message: 'It was killed (SIGKILL).',
      hint: 'Often the system ran out of memory: resources: { memoryGb }, or a smaller batch.',
    };
  }
  if (signal) return { code: 'killed', message: `It was ended by ${signal}.` };
  if (code === undefined)
    return { code: 'killed', message: 'It ended without an exit record: something killed its shell.' };
  return { code: 'exit-code', message: `It ended with exit code ${code}.` };
}

function programOf({ recipe }: StagedJob['call']): string {
  return recipe.command?.find((arg) => !arg.startsWith('cd ')) ?? 'that it starts with';
}

const signalNames = new Map([
  [1, 'SIGHUP'],
  [2, 'SIGINT'],
  [6, 'SIGABRT'],
  [8, 'SIGFPE'],
  [9, 'SIGKILL'],
  [11, 'SIGSEGV'],
  [15, 'SIGTERM'],
]);
