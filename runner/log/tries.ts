import { z } from 'zod';
import { isTable } from '../../cache/canonical-json.ts';
import type { Resources } from '../../tasks/core/resources.ts';

/** How often a node's jobs failed in this run, and what follows for the next. On disk as well: drivers come and go. */
export const Tries = z.object({
  /** By the program's own doing. */
  program: z.int(),
  /** By what lies outside of it. */
  outside: z.int(),
  /** Because a service that they used died. */
  service: z.int(),
  /** Instead of what the task asks for. */
  resources: z.custom<Resources>(isTable).optional(),
  /** Hosts that did not do. */
  avoid: z.array(z.string()).readonly(),
  /** What the last attempt left when its time was over. */
  progress: z.string().optional(),
});
export type Tries = Readonly<z.infer<typeof Tries>>;

export const noTries: Tries = { program: 0, outside: 0, service: 0, avoid: [] };
