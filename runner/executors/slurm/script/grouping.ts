import type { Job } from '../../executor.ts';
import { arrayKey } from './options.ts';

export interface Limits {
  /** Elements of one array, as `MaxArraySize` allows: indices stay below it. */
  readonly arraySize: number;
  /** Small jobs of one element. */
  readonly packed: number;
}

/** Jobs to submit together, in their order: arrays of equal jobs, each element a pack of at least one job. */
export function grouped(jobs: readonly Job[], { arraySize, packed }: Limits): Job[][][] {
  const alike = new Map<string, Job[]>();
  for (const job of jobs) {
    const key = arrayKey(job);
    const group = alike.get(key);
    if (group) group.push(job);
    else alike.set(key, [job]);
  }
  return [...alike.values()].flatMap((group) => {
    const isSmall = group.every(
      ({ resources: { gpus = 0, nodes = 1 }, shared, warning }) => gpus === 0 && nodes === 1 && !shared && !warning,
    );
    return chunks(chunks(group, isSmall ? packed : 1), Math.max(1, arraySize));
  });
}

function chunks<T>(values: readonly T[], size: number): T[][] {
  const count = Math.ceil(values.length / size);
  return Array.from({ length: count }, (_, i) => values.slice(i * size, (i + 1) * size));
}
