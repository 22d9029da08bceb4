import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { artifact, Problem, readJson } from '../core/task.ts';

/** What `.zarray` says: the shape, and the type in numpy's notation, for example `<f4`. */
const ArrayFacts = z.object({ shape: z.array(z.int().min(0)), dtype: z.string() });

/** A zarr version 2 store: a folder of arrays. `arrays` is by path inside the store, for example `data/action`. */
export const zarrStore = artifact('zarr-store', {
  meta: z.object({ arrays: z.record(z.string(), ArrayFacts) }),
  inspect: async (path) => {
    const files = await readdir(path, { recursive: true }).catch(() => [] as string[]); // not a folder: said below
    const described = files.filter((file) => file.endsWith('/.zarray')).sort();
    if (described.length === 0)
      throw new Problem('not-a-zarr-store', `${path} is not a zarr version 2 store: no .zarray below it.`);
    const arrays = described.map(
      async (file) => [dirname(file), await readJson(`${path}/${file}`, ArrayFacts)] as const,
    );
    return { arrays: Object.fromEntries(await Promise.all(arrays)) };
  },
});
