import { z } from 'zod';
import { Problem } from '../core/task.ts';
import { checkpoint } from './checkpoint.ts';
import { folder } from './folder.ts';
import { openpiCheckpoint } from './openpi-checkpoint.ts';

/**
 * A trained policy, whoever laid it out: a step of openpi's trainer or of one like it, a packaged one, or a folder that was
 * brought from elsewhere. Who reads it finds out by its format.
 */
export const policy = z.union([openpiCheckpoint, checkpoint, folder]);

type Policy = z.output<typeof policy>;

/** openpi's own parameters; what `packageCheckpoint` makes of them keeps the name. */
const openpiFormat = 'openpi-jax/1';

/** Throws `not-servable` for what openpi cannot run, as far as that is known of it. */
export function refuseOtherThanOpenpi({ kind, meta }: Policy): void {
  if (kind === 'folder') return; // nothing is known of it
  // In a recipe of what is still to come, the format is no format.
  if (/^[\w-]+\/\d+$/.test(meta.format) && meta.format !== openpiFormat) {
    throw new Problem('not-servable', `openpi cannot run a policy of format ${meta.format}.`, {
      hint: 'policyServer({ policy }) serves it by the same protocol.',
    });
  }
  if (kind === 'openpi-checkpoint' && meta.assets.length === 0) {
    throw new Problem('not-servable', `The checkpoint of step ${meta.step} has no statistics in its assets.`, {
      hint: 'Debug configurations train without; train another, or give statistics: trainOpenpi({ assets, … }).',
    });
  }
}
