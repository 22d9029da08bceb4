import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { processIds } from './process-stat.ts';

/** A file that a process may write to. */
export interface WritableFile {
  readonly pid: number;
  /** Where it lies now. */
  readonly path: string;
  /** Leads to it also from where its path means nothing. */
  readonly link: string;
}

/**
 * Files that processes hold open for writing, or have mapped so that a write to memory is one to the file: as far as this user may
 * see, and on Linux. A write through a mapping need not change the times of a file.
 */
export function* writableFiles(pids: readonly number[] = processIds()): Generator<WritableFile> {
  for (const pid of pids) {
    for (const file of [...openForWriting(pid), ...mappedForWriting(pid)]) yield { pid, ...file };
  }
}

/** A file by what stays the same whatever it is called: its device and inode, as `stat` gives them. */
export function fileIdentity({ dev, ino }: { dev: bigint | string; ino: bigint | string }): string {
  return `${dev}:${ino}`;
}

let seen: { at: number; files: ReadonlySet<string> } | undefined;

/**
 * The files that somebody can write to, as of so many milliseconds ago at most: a look takes tens of them. It needs no newer one for a
 * file whose times are older, because whoever maps it after the look changes them by the first write.
 */
export function filesHeldForWriting({ maxAgeMs }: { maxAgeMs: number }): ReadonlySet<string> {
  if (seen && performance.now() - seen.at <= maxAgeMs) return seen.files;
  const at = performance.now();
  const files = new Set<string>();
  for (const { link } of writableFiles()) {
    const identity = identityOf(link);
    if (identity !== undefined) files.add(identity);
  }
  seen = { at, files };
  return files;
}

function identityOf(path: string): string | undefined {
  try {
    const stats = statSync(path, { bigint: true });
    return stats.isFile() ? fileIdentity(stats) : undefined;
  } catch {
    return undefined; // closed meanwhile, or not to be seen from here
  }
}

type Found = Omit<WritableFile, 'pid'>;

function openForWriting(pid: number): Found[] {
  return namesIn(`/proc/${pid}/fd`).flatMap((fd) => {
    const link = `/proc/${pid}/fd/${fd}`;
    const path = fileBehind(link);
    return path !== undefined && mayWrite(`/proc/${pid}/fdinfo/${fd}`) ? [{ path, link }] : [];
  });
}

/** Undefined for what is no file with a name: sockets, pipes, devices. */
function fileBehind(link: string): string | undefined {
  try {
    const path = readlinkSync(link);
    return /^\/(?!dev\/|proc\/|sys\/)/.test(path) ? path : undefined;
  } catch {
    return undefined; // closed meanwhile
  }
}

/** The last digit of the octal flags is how it was opened: 1 to write, 2 to read and write (man 5 proc). */
function mayWrite(info: string): boolean {
  return /^flags:\s*\d*[12]$/m.test(textOf(info));
}

/** Shared mappings that may be written to: `rw-s` in the second column. */
function mappedForWriting(pid: number): Found[] {
  return textOf(`/proc/${pid}/maps`)
    .split('\n')
    .flatMap((line) => {
      const [, path] = /^\S+ .w.s \S+ \S+ \S+\s+(\/(?!dev\/).*)$/.exec(line) ?? [];
      return path === undefined ? [] : [{ path, link: path }];
    });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // gone, or somebody else's
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone, or somebody else's
  }
}
