import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './drawn-round.ts';
import { bigBytes } from './sources.ts';

/** Through memory: on a file system in memory no time of the file tells, as when a disk loses a bit. */
const flip = `
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    with mmap.mmap(file.fileno(), 0) as memory:
        memory[int(sys.argv[2])] ^= 1 << int(sys.argv[3])
`;

/** One bit of one blob. Of large ones that are handed out as links only some blocks are read, so these are left alone then. */
export function flipBit({ chance }: Fault, store: string, isLinked: boolean): void {
  const blobs = filesBelow(join(store, 'blobs')).filter((path) => !isLinked || lstatSync(path).size < bigBytes);
  const path = oneOf(blobs, chance);
  if (path === undefined) return;
  const place = Math.floor(((chance * 7919) % 1) * lstatSync(path).size);
  execFileSync('python3', ['-c', flip, path, String(place), String(Math.floor(chance * 1000) % 8)]);
}

/** A file of the store loses its end: a blob, frozen code, a run's log or request, what is known of adopted files or samples. */
export function truncate({ chance }: Fault, store: string): void {
  const folder = oneOf(['blobs', 'code', 'runs', 'adopted', 'samples', 'work', 'blobs'], chance) as string;
  const path = oneOf(filesBelow(join(store, folder)), (chance * 7919) % 1);
  if (path === undefined) return;
  truncateSync(path, Math.floor(((chance * 104_729) % 1) * lstatSync(path).size));
}

/** Not through links, which lead to packages. */
function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => lstatSync(path).size > 0)
    .sort();
}

function oneOf<T>(all: readonly T[], chance: number): T | undefined {
  return all[Math.floor(chance * all.length)];
}
