import { appendFileSync, type BigIntStats, lstatSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Digest, digestBytes, digestFileSync, digestFiles, isDigest } from './digest.ts';
import { syncAll, syncNow } from './durable.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import { type FileSystem, fileSystemOf } from './file-system.ts';
import { fileIdentity, filesHeldForWriting } from './open-files.ts';
import { Problem } from './problem.ts';
import { readRegular } from './regular-file.ts';

/** What the file system says of a file; nanoseconds and inode numbers as text, because they exceed doubles. */
export interface FileStats {
  size: number;
  mtimeNs: string;
  ctimeNs: string;
  ino: string;
  dev: string;
}

/** A file as it was found, with the stats under which its content had this digest. */
export interface Seen {
  readonly digest: Digest;
  readonly size: number;
  readonly executable: boolean;
  readonly stats: SeenStats;
}

export interface SeenStats extends FileStats {
  /** Whether these stats will prove later that the content is the same. */
  rested: boolean;
}

/**
 * Seconds that a file must have rested before its stats may stand for its content: within one tick of a file system's
 * clock it could change again and show the same times (git calls it racy). Clocks of servers differ from ours by more.
 */
const restSeconds = { local: 2, network: 60, coarse: Infinity } as const;

function fileStats(path: string): FileStats | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() ? described(stats) : undefined;
}

/** Without the device: its number is given out anew when a machine starts, and no two files share the time of their last change. */
export function sameStats(a: FileStats, b: FileStats): boolean {
  return a.mtimeNs === b.mtimeNs && a.size === b.size && a.ctimeNs === b.ctimeNs && a.ino === b.ino;
}

/** Digests of files that stay where they are, hashed again only when their stats have moved or prove nothing. */
export class StatCache {
  private readonly path: string;
  private readonly now: () => number;
  private readonly fileSystem: (path: string) => FileSystem;
  private readonly kinds = new Map<string, FileSystem['kind']>();
  private entries: Map<string, FileStats & { digest: Digest }> | undefined;
  /** How many files were read in full; tests count it. */
  hashedCount = 0;

  /** `now` is in milliseconds since 1970, by the clock that file times are compared with. */
  constructor(
    path: string,
    {
      now = Date.now,
      fileSystem = fileSystemOf,
    }: { now?: () => number; fileSystem?: (path: string) => FileSystem } = {},
  ) {
    this.path = path;
    this.now = now;
    this.fileSystem = fileSystem;
  }

  async digest(path: string): Promise<Digest> {
    return (await this.digests([path]))[0] as Digest;
  }

  /** In the order of `paths`, which are absolute. Throws `changed-while-read` for a file that is being written. */
  async digests(paths: readonly string[]): Promise<Digest[]> {
    return (await this.look(paths)).map(({ digest }) => digest);
  }

  /** As `digests`, with the stats that go with them: a known file costs one look. */
  async look(paths: readonly string[]): Promise<Seen[]> {
    const known = this.load();
    const seen: Seen[] = [];
    const unknown: { path: string; index: number }[] = [];
    for (const [index, path] of paths.entries()) {
      const askedAt = this.now();
      const found = statSync(path, { bigint: true });
      const stats: SeenStats = Object.assign(described(found), { rested: false });
      stats.rested = this.hasRested(path, stats, askedAt);
      const entry = known.get(path);
      const isKnown = this.isTrusted(entry, stats, path);
      if (!isKnown) unknown.push({ path, index });
      seen.push({
        digest: isKnown ? (entry as { digest: Digest }).digest : ('' as Digest), // learned below
        size: stats.size,
        executable: (found.mode & 0o100n) !== 0n,
        stats,
      });
    }
    // Before they are read: whoever maps one later changes its times by the first write.
    const held = unknown.length > 0 ? filesHeldForWriting({ maxAgeMs: 0 }) : new Set<string>();
    const sizes = unknown.map(({ index }) => (seen[index] as Seen).size);
    const fresh = await digestFiles(
      unknown.map(({ path }) => path),
      { sizes },
    );
    this.hashedCount += unknown.length;
    const learned = unknown.map(({ path, index }, i) => {
      const before = seen[index] as Seen;
      if (!sameStats(before.stats, statsOf(path))) throw changedWhileRead(path);
      before.stats.rested &&= !held.has(fileIdentity(before.stats));
      seen[index] = { ...before, digest: fresh[i] as Digest };
      return { path, ...before.stats, digest: fresh[i] as Digest };
    });
    const rested = learned.filter((entry) => entry.rested);
    // What was just read may still be on its way to the disk, while its times are there: stats must not outlive what they vouch for.
    await syncAll(rested.map(({ path }) => path));
    this.remember(rested);
    return seen;
  }

  /** Whether stats seen now will prove later that the content is the same. */
  hasRested(path: string, stats: FileStats, at = this.now()): boolean {
    const newest = Math.max(Number(stats.mtimeNs), Number(stats.ctimeNs)) / 1e6;
    return at - newest > restSeconds[this.kindOf(path, stats.dev)] * 1000;
  }

  /** Whether a file still has the content that it had under `before`; reads it only when stats cannot tell. */
  stillHas(path: string, before: SeenStats, digest: Digest): boolean {
    const stats = fileStats(path);
    if (!stats || stats.size !== before.size) return false;
    if (before.rested && sameStats(before, stats)) return true;
    if (before.rested) return false;
    if (this.isTrusted(this.load().get(path), stats, path)) return this.load().get(path)?.digest === digest;
    this.hashedCount += 1;
    const isHeld = isHeldForWriting(stats);
    if (digestFileSync(path, stats.size) !== digest) return false;
    if (this.hasRested(path, stats) && !isHeld) {
      syncNow(path);
      this.remember([{ path, ...stats, digest }]);
    }
    return true;
  }

  private isTrusted(entry: (FileStats & { digest: Digest }) | undefined, stats: FileStats, path: string): boolean {
    return entry !== undefined && sameStats(entry, stats) && this.kindOf(path, stats.dev) !== 'coarse';
  }

  private kindOf(path: string, dev: string): FileSystem['kind'] {
    const known = this.kinds.get(dev);
    if (known) return known;
    const { kind } = this.fileSystem(dirname(path));
    this.kinds.set(dev, kind);
    return kind;
  }

  private remember(learned: readonly Entry[]): void {
    if (learned.length === 0) return;
    const entries = this.load();
    for (const entry of learned) entries.set(entry.path, entry);
    try {
      appendFileSync(this.path, learned.map(line).join(''));
    } catch (cause) {
      // Without room or right to write, files are hashed again next time: slower, never wrong.
      if (!['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].includes(errorCode(cause) ?? ''))
        throw fileProblem(cause, this.path);
    }
  }

  /** Later lines win. A file with mostly outdated lines is written anew. */
  private load(): Map<string, FileStats & { digest: Digest }> {
    if (this.entries) return this.entries;
    const lines = readLines(this.path);
    this.entries = new Map();
    for (const text of lines) {
      const entry = parseLine(text);
      if (entry) this.entries.set(entry.path, entry);
    }
    if (lines.length > 10_000 && lines.length > 3 * this.entries.size) this.compact(this.entries);
    return this.entries;
  }

  /** Lines that another process appends meanwhile are lost, and learned again. */
  private compact(entries: ReadonlyMap<string, FileStats & { digest: Digest }>): void {
    try {
      writeFileSync(
        `${this.path}.${process.pid}`,
        [...entries].map(([path, entry]) => line({ ...entry, path })).join(''),
      );
      renameSync(`${this.path}.${process.pid}`, this.path);
    } catch {
      // A longer file is read more slowly, and is as right.
    }
  }
}

interface Entry extends FileStats {
  path: string;
  digest: Digest;
}

/** A checksum in front: writers on several machines may tear each other's lines. */
function line({ path, size, mtimeNs, ctimeNs, ino, dev, digest }: Entry): string {
  const json = JSON.stringify([path, size, mtimeNs, ctimeNs, ino, dev, digest]);
  return `${checksum(json)} ${json}\n`;
}

function parseLine(text: string): Entry | undefined {
  const json = text.slice(17);
  if (checksum(json) !== text.slice(0, 16)) return undefined;
  const [path, size, mtimeNs, ctimeNs, ino, dev, digest] = JSON.parse(json) as [
    string,
    number,
    string,
    string,
    string,
    string,
    string,
  ];
  return isDigest(digest) ? { path, size, mtimeNs, ctimeNs, ino, dev, digest } : undefined;
}

function checksum(json: string): string {
  return digestBytes(json).slice(7, 23);
}

function readLines(path: string): string[] {
  try {
    return readRegular(path).split('\n').filter(Boolean);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, path);
  }
}

/**
 * Whoever has a file mapped may write there without a change of its times: the first write to a page changes them, and the next
 * one only after the page was written to the disk.
 */
function isHeldForWriting(stats: FileStats): boolean {
  return filesHeldForWriting({ maxAgeMs: restSeconds.local * 500 }).has(fileIdentity(stats));
}

function statsOf(path: string): FileStats {
  return described(statSync(path, { bigint: true }));
}

function described({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): FileStats {
  return { size: Number(size), mtimeNs: `${mtimeNs}`, ctimeNs: `${ctimeNs}`, ino: `${ino}`, dev: `${dev}` };
}

function changedWhileRead(path: string): Problem {
  return new Problem('changed-while-read', `${path} was written to while it was read.`, {
    hint: 'Wait until whatever writes it is done, then run again.',
  });
}
