import { Problem } from '../../cache/problem.ts';
import type { Resources } from '../../tasks/core/resources.ts';
import type { Reason } from './door.ts';

/** What a job and the services that it talks to hold at one time: of cores only its own, since services never keep those from it. */
export function withServices(job: Resources, services: readonly Resources[]): Resources {
  if (services.length === 0) return job;
  const all = [job, ...services];
  return { ...job, ...total('gpus', all, 0), ...total('memoryGb', all, 0), ...gpuMemory(all) };
}

/**
 * What a job asks of a cluster that brings its services along: of everything the sum, since nobody else is there to lend any.
 * Throws `gpu-types-differ`: a job gets GPUs of one type.
 */
export function broughtAlong(job: Resources, services: readonly Resources[]): Resources {
  if (services.length === 0) return job;
  const all = [job, ...services];
  const refusal = refusalToBring(job, services);
  if (refusal) {
    throw new Problem('gpu-types-differ', `A job cannot bring its services along: ${refusal.what}.`, {
      hint: refusal.advice,
    });
  }
  const [gpuType] = gpuTypesOf(all);
  return {
    ...withServices(job, services),
    ...total('cpus', all, 1),
    ...(gpuType === undefined ? {} : { gpuType }),
    ...(all.some(({ exclusive }) => exclusive) ? { exclusive: true } : {}),
  };
}

/** Why no job can bring these services along; undefined when one can. */
export function refusalToBring(job: Resources, services: readonly Resources[]): Reason | undefined {
  const types = services.length === 0 ? [] : gpuTypesOf([job, ...services]);
  if (types.length < 2) return undefined;
  return {
    what: `it and its services run in one job there, and ask for GPUs of types ${types.join(' and ')}`,
    advice: 'Ask for one type, or run it with --executor local.',
  };
}

/** All GPUs of a job are of one sort: what the most demanding of them needs. */
function gpuMemory(all: readonly Resources[]): Pick<Resources, 'gpuMemoryGb'> {
  const asked = all.flatMap(({ gpus = 0, gpuMemoryGb }) =>
    gpus > 0 && gpuMemoryGb !== undefined ? [gpuMemoryGb] : [],
  );
  return asked.length === 0 ? {} : { gpuMemoryGb: Math.max(...asked) };
}

function gpuTypesOf(all: readonly Resources[]): string[] {
  const types = all.flatMap(({ gpus = 0, gpuType }) => (gpus > 0 && gpuType !== undefined ? [gpuType] : []));
  return [...new Set(types)];
}

/** The sum of what all ask for; nothing when none of them names it. */
function total(
  name: 'gpus' | 'memoryGb' | 'cpus',
  all: readonly Resources[],
  usual: number,
): Partial<Record<'gpus' | 'memoryGb' | 'cpus', number>> {
  if (all.every((one) => one[name] === undefined)) return {};
  return { [name]: sum(all.map((one) => one[name] ?? usual)) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
