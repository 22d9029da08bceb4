import { mkdir, copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { task } from '../core/task.ts';
import { normStats } from '../kinds/norm-stats.ts';
import { openpiAssets } from '../kinds/openpi-assets.ts';

/** The name of a robot's statistics in checkpoints, by which a policy server finds them: the configuration's asset id. */
export const assetId = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, {
  error: 'an asset id has letters, digits, dots, hyphens and slashes between its parts',
});

/** Statistics laid out as openpi looks for them: `<assetId>/norm_stats.json`. */
export const layOutAssets = task({
  name: 'lay-out-assets',
  inputs: { stats: normStats, assetId: assetId.default('droid') },
  outputs: { assets: openpiAssets },
  run: async ({ stats, assetId: id }, out) => {
    const file = stats.path.endsWith('.json') ? stats.path : join(stats.path, 'norm_stats.json');
    const target = join(out.assets, id, 'norm_stats.json');
    await mkdir(dirname(target), { recursive: true });
    await copyFile(file, target);
    return { assets: out.assets };
  },
});
