import { z } from 'zod';

/** `job.json`: what a worker needs to run a TypeScript body. */
export const WorkerJob = z.object({
  format: z.literal(1),
  label: z.string(),
  /** The frozen pipeline module. */
  entry: z.string(),
  /** What the frozen copy must be; absent when the module is no copy. */
  seal: z.string().optional(),
  /** One set of parameters for each point of a sweep. */
  points: z.array(z.object({ label: z.string(), params: z.record(z.string(), z.unknown()) })),
  /** The task's node in the graph. */
  node: z.string(),
  graph: z.string(),
  /** Checked, artifacts with the paths where this job may read them. */
  inputs: z.record(z.string(), z.unknown()),
  out: z.record(z.string(), z.string()),
  /** The parent of outputs that attempts share; a copy of the job that must not meet another writes elsewhere. */
  sharedOut: z.string().optional(),
  scratch: z.string(),
  resuming: z.boolean(),
  /** Where a service listens. */
  port: z.int().optional(),
});
export type WorkerJob = z.infer<typeof WorkerJob>;

/** `failure.json`: why a body ended, in its own words. */
export const WorkerFailure = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  stack: z.string().optional(),
});
export type WorkerFailure = z.infer<typeof WorkerFailure>;
