import { z } from 'zod';
import { PromisedEndpoint } from '../../tasks/core/endpoint.ts';
import { WorkerJob } from './worker-job.ts';

/** One program of a job that is made of several. */
const Part = z.object({
  /** Absolute: where it starts. */
  cwd: z.string(),
  env: z.record(z.string(), z.string()),
  /** As it counts in the recipe; absent for TypeScript. */
  command: z.array(z.string()).optional(),
  /** Names of variables handed through to it; those of the others are kept from it. */
  handed: z.array(z.string()),
  gpus: z.int(),
  cpus: z.number(),
});
export type Part = z.infer<typeof Part>;

/**
 * `services.json`: a job on a cluster that brings along the services that its program talks to. They run beside it, on the
 * loopback address of its node, and end with it: so they need no driver, and no other host can reach them.
 */
export const ServedJob = z.object({
  format: z.literal(1),
  /** The project's folder, where commands are made. */
  root: z.string(),
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
  return mapLater(inputs, (address) => ({ url: known[address] }));
}

/** The inputs as the driver had them, when it was known what a service is, and not where. */
export function asPromised(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return mapLater(inputs, (address) => new PromisedEndpoint({ address, fingerprint: '' }));
}

function mapLater(
  inputs: Readonly<Record<string, unknown>>,
  endpointOf: (address: string) => unknown,
): Record<string, unknown> {
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== 'object' || value === null) return value;
    const { url } = value as { url?: unknown };
    if (typeof url === 'string' && url.startsWith(mark)) return endpointOf(url.slice(mark.length));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(inputs) as Record<string, unknown>;
}
