import { rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a folder aside and renames it, so that it appears whole. A folder that a killed attempt released already is left
 * as it is: it has the same bytes.
 */
export async function releaseFolder(path: string, write: (aside: string) => Promise<void>): Promise<void> {
  const released = await stat(path).then(
    () => true,
    () => false, // not there yet
  );
  if (released) return;
  // Names with a dot are no items of a stream.
  const aside = join(dirname(path), `.tmp-${path.slice(dirname(path).length + 1)}`);
  await rm(aside, { recursive: true, force: true });
  await write(aside);
  await rename(aside, path);
}
