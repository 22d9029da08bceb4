import { z } from 'zod';
import { artifact, readJson } from '../core/task.ts';

/** What every policy says of itself in `config.json`; each format has more there. */
const CheckpointFacts = z.object({
  /** How to read the folder, for example `flow-policy/1`. */
  format: z.string().min(1),
  /** Optimizer steps that made these weights. */
  step: z.int().min(0),
});

/** A trained policy: a folder with `config.json` and weights. */
export const checkpoint = artifact('checkpoint', {
  meta: CheckpointFacts,
  inspect: (path) => readJson(`${path}/config.json`, CheckpointFacts),
});
