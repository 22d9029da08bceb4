import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { sortedByName } from './listing.ts';
import type { Remote, RemoteObject } from './source.ts';

/** A folder or file of this machine; copied by clone where the disk can. Told apart by size and time; links are followed. */
export async function listLocal(from: string): Promise<Remote> {
  const root = resolve(from.replace(/^file:\/\//, ''));
  const stats = await stat(root).catch((cause: unknown) => {
    throw new Problem('path-missing', `There is nothing at "${from}" (${root}).`, {
      hint: 'Give the path of a folder or file; an absolute path works from everywhere.',
      cause,
    });
  });
  const objects: RemoteObject[] = [];
  if (stats.isFile()) objects.push(await describe(root, basename(root)));
  else await walk(root, '', [], objects);
  return {
    from,
    objects: sortedByName(objects),
    transport: {
      type: 'copy',
      copy: async (wanted, { folder, signal, arrived }) => {
        for (const object of wanted) {
          signal.throwIfAborted();
          const to = join(folder, object.name);
          await mkdir(dirname(to), { recursive: true });
          await copyFile(object.address, to, constants.COPYFILE_FICLONE);
          const now = await describe(object.address, object.name);
          if (now.generation !== object.generation || now.sizeBytes !== object.sizeBytes) throw changed(object);
          await arrived(object);
        }
      },
    },
  };
}

async function walk(root: string, prefix: string, above: readonly string[], objects: RemoteObject[]): Promise<void> {
  const folder = join(root, prefix);
  const real = await realpath(folder);
  if (above.includes(real)) throw new Problem('link-loop', `${folder} is a link to a folder above it.`);
  for (const { name } of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, name);
    const stats = await stat(path);
    if (stats.isDirectory()) await walk(root, `${prefix}${name}/`, [...above, real], objects);
    else if (stats.isFile()) objects.push(await describe(path, prefix + name));
    else throw new Problem('not-a-file', `${path} is neither a file nor a folder, so it cannot be fetched.`);
  }
}

async function describe(path: string, name: string): Promise<RemoteObject> {
  const { size, mtimeNs } = await stat(path, { bigint: true });
  return { name, sizeBytes: Number(size), checksums: [], generation: `${mtimeNs}`, address: path };
}

function changed({ address }: RemoteObject): Problem {
  return new Problem('source-changed', `${address} was written to while it was copied.`, {
    hint: 'Wait until whatever writes it is done, then run again.',
  });
}
