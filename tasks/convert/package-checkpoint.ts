import { Problem, task } from '../core/task.ts';
import { checkpoint } from '../kinds/checkpoint.ts';
import { openpiCheckpoint } from '../kinds/openpi-checkpoint.ts';

/**
 * What a policy server needs of a checkpoint of openpi's trainer, to pass on or to publish: `params` and `assets`, without
 * `train_state`, which is most of it and only there to train on. `config.json` says the format and the step.
 *
 * Refused without statistics: such a checkpoint cannot be served.
 */
export const packageCheckpoint = task({
  name: 'package-checkpoint',
  inputs: { checkpoint: openpiCheckpoint },
  outputs: { checkpoint },
  run: async ({ checkpoint: { path, meta } }, out) => {
    const { constants } = await import('node:fs');
    const { cp, mkdir, writeFile } = await import('node:fs/promises');
    if (meta.assets.length === 0) {
      throw new Problem('no-assets', `The checkpoint of step ${meta.step} has no statistics in its assets.`, {
        hint: 'Debug configurations train without; train another, or give statistics: trainOpenpi({ assets, … }).',
      });
    }
    await mkdir(out.checkpoint, { recursive: true });
    for (const part of ['params', 'assets']) {
      const copy = { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE };
      await cp(`${path}/${part}`, `${out.checkpoint}/${part}`, copy);
    }
    const config = { format: meta.format, step: meta.step };
    await writeFile(`${out.checkpoint}/config.json`, `${JSON.stringify(config, undefined, 2)}\n`);
    return { checkpoint: out.checkpoint };
  },
});
