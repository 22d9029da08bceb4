import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, Problem } from '../core/task.ts';

/** Any folder. Nothing is known about it. */
export const folder = artifact('folder', {
  meta: z.object({}),
  inspect: async (path) => {
    const found = await stat(path).catch(() => undefined); // not there: said below
    if (!found?.isDirectory()) throw new Problem('not-a-folder', `${path} is not a folder.`);
    return {};
  },
});
