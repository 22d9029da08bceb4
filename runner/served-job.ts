import { z } from 'zod';
import { WorkerJob } from './job.ts';

/** One program of a job that is made of several. */
const Part = z.object({
  /** Absolute: where it starts. */
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  /** Names of variables handed through to it; those of the others are kept from it. */
  handed: z.array(z.string()),
  gpus: z.int(),
  cpus: z.int(),
});
export type Part = z.infer<typeof Part>;

/**
 * `services.json`: a job on a cluster that brings along the services that its program talks to. They run beside it, on the
 * loopback address of its node, and end with it: so they need no driver, and nobody else can reach them.
 */
export const ServedJob = z.object({
  format: z.literal(1),
  job: WorkerJob,
  program: Part,
  services: z.array(
    z.object({
      /** Of its instance in the run. */
      address: z.string(),
      /** Relative to the job's folder: its own, with `job.json`, its inputs and its log. */
      place: z.string(),
      job: WorkerJob,
      part: Part,
    }),
  ),
});
export type ServedJob = z.infer<typeof ServedJob>;

const mark = 'stet-service:';

/** Stands in the inputs of a job for the url of a service that comes up with it. */
export function laterUrl(address: string): string {
  return `${mark}${address}`;
}

/** The inputs, with the urls that are known by now; `urls` is a JSON object by address. */
export function withLaterUrls(inputs: Readonly<Record<string, unknown>>, urls: string): Record<string, unknown> {
  const known = JSON.parse(urls) as Readonly<Record<string, string>>;
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== 'object' || value === null) return value;
    const { url } = value as { url?: unknown };
    if (typeof url === 'string' && url.startsWith(mark)) return { url: known[url.slice(mark.length)] };
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(inputs) as Record<string, unknown>;
}
