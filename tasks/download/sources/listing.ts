import { join, posix } from 'node:path';
import picomatch from 'picomatch';
import { type Digest, digestJson } from '../../../cache/digest.ts';
import { Problem } from '../../../cache/problem.ts';
import { isStrong } from '../checksums/checksum.ts';
import type { Remote, RemoteObject } from './source.ts';

/**
 * The digest of what an address lists, without the files: names and sizes, with the checksums that tell content apart. Where
 * only weak ones are offered (crc32c has 32 bits), or none, the generation counts too.
 */
export function listingDigest(objects: readonly RemoteObject[]): Digest {
  const rows = objects.map(({ name, sizeBytes, checksums, generation }) => {
    const sums = checksums.map(({ of, value }) => `${of}:${value}`).sort();
    return [name, sizeBytes, ...sums, ...(checksums.some(isStrong) ? [] : [generation ?? ''])];
  });
  return digestJson(rows);
}

/** Only the objects that are wanted. Globs match whole names, `**` across folders. Throws `nothing-there`. */
export function selectObjects(remote: Remote, { include = [], exclude = [] }: Choice): Remote {
  const wanted = include.length === 0 ? () => true : picomatch([...include], { dot: true });
  const refused = exclude.length === 0 ? () => false : picomatch([...exclude], { dot: true });
  const objects = remote.objects.filter(({ name }) => wanted(name) && !refused(name));
  if (objects.length > 0) return { ...remote, objects };
  const total = remote.objects.length;
  throw new Problem(
    'nothing-there',
    total === 0 ? `There are no files at ${remote.from}.` : `None of the ${total} files at ${remote.from} is wanted.`,
    {
      hint:
        total === 0
          ? 'Look at the address.'
          : `Look at include and exclude; a name there is ${remote.objects[0]?.name}.`,
    },
  );
}

export interface Choice {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Names come from strangers: one that would leave the folder, or two that are one file on some disks, are refused. */
export function refuseUnsafeNames({ from, objects }: Remote): void {
  const wrong = [...objects.flatMap(({ name }) => unsafe(name)), ...clashes(objects.map(({ name }) => name))];
  if (wrong.length === 0) return;
  const shown = wrong.slice(0, 10).map((line) => `  ${line}`);
  const more = wrong.length > shown.length ? `\n  and ${wrong.length - shown.length} more` : '';
  throw new Problem('unsafe-names', `Names at ${from} cannot become files:\n${shown.join('\n')}${more}`, {
    hint: 'Leave them out with exclude, if they are not needed.',
  });
}

function unsafe(name: string): string[] {
  const parts = name.split('/');
  const why =
    (name.includes('\0') && 'has a zero byte') ||
    (posix.isAbsolute(name) && 'starts at the root') ||
    (parts.includes('..') && 'leads out of the folder') ||
    (parts.some((part) => part === '' || part === '.') && 'has an empty part') ||
    (parts.some((part) => Buffer.byteLength(part) > 255) && 'has a part of more than 255 bytes');
  return why ? [`${JSON.stringify(name)} ${why}`] : [];
}

/** Upper and lower case are one on many disks; a file is never a folder at the same time. */
function clashes(names: readonly string[]): string[] {
  const files = new Map<string, string>();
  const reasons: string[] = [];
  for (const name of names) {
    const before = files.get(folded(name));
    if (before !== undefined) reasons.push(`${JSON.stringify(name)} and ${JSON.stringify(before)} differ only in case`);
    files.set(folded(name), name);
  }
  const folders = new Map<string, string>();
  for (const name of names) {
    for (let at = posix.dirname(name); at !== '.' && at !== '/'; at = posix.dirname(at)) {
      const spelled = folders.get(folded(at));
      if (spelled === at) break;
      if (spelled !== undefined)
        reasons.push(`folders ${JSON.stringify(at)} and ${JSON.stringify(spelled)} differ only in case`);
      if (files.has(folded(at))) reasons.push(`${JSON.stringify(at)} is a file and a folder`);
      folders.set(folded(at), at);
    }
  }
  return reasons;
}

function folded(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** The same objects in a folder of their own. */
export function placedBelow(remote: Remote, folder: string): Remote {
  if (folder === '') return remote;
  const start = `${folder}/`;
  const objects = remote.objects.map((object) => ({ ...object, name: start + object.name }));
  const { transport } = remote;
  if (transport.type === 'stream') return { ...remote, objects };
  const copy: typeof transport.copy = (wanted, to) => {
    const stripped = new Map(wanted.map((object) => [object.name.slice(start.length), object]));
    return transport.copy(
      [...stripped].map(([name, object]) => ({ ...object, name })),
      {
        ...to,
        folder: join(to.folder, folder),
        arrived: ({ name }) => to.arrived(stripped.get(name) as RemoteObject),
      },
    );
  };
  return { ...remote, objects, transport: { type: 'copy', copy } };
}

/** Sorted by code unit, which no machine's language changes. */
export function sortedByName(objects: readonly RemoteObject[]): RemoteObject[] {
  return [...objects].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
