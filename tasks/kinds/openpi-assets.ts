import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, Problem, readJson } from '../core/task.ts';
import { NormStatsFile } from './norm-stats.ts';

/**
 * What openpi calls an assets folder: `<asset id>/norm_stats.json` for each robot, in `--data.assets.assets-dir` and in
 * every checkpoint. An id may have parts, such as `local/pick`.
 */
export const openpiAssets = artifact('openpi-assets', {
  meta: z.object({ ids: z.array(z.string()).min(1) }),
  inspect: async (path) => {
    const ids = await assetIdsIn(path);
    if (ids.length > 0) return { ids };
    throw new Problem('no-assets', `${path} has no <asset id>/norm_stats.json.`, {
      hint: 'layOutAssets({ stats, assetId }) makes such a folder.',
    });
  },
});

/** Asset ids below a folder, sorted; each must have statistics that can be read. */
export async function assetIdsIn(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true });
  const ids = files.filter((file) => file.endsWith('/norm_stats.json')).map((file) => file.slice(0, -16));
  for (const id of ids) await readJson(`${folder}/${id}/norm_stats.json`, NormStatsFile);
  return ids.sort();
}
