import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { artifact, Problem } from '../core/task.ts';

/** Any folder. Nothing is known about it. */
export const folder = artifact('folder', { meta: z.object({}), inspect: inspectFolder });

/** The same kind, for a task whose folder stays where it lies; whoever reads it sees no difference. */
export const folderInPlace = artifact('folder', { meta: z.object({}), inspect: inspectFolder, hold: 'adopt' });

async function inspectFolder(path: string): Promise<Record<string, never>> {
  const stats = await stat(path).catch(() => undefined); // not there: said below
  if (!stats?.isDirectory()) throw new Problem('not-a-folder', `${path} is not a folder.`);
  return {};
}
