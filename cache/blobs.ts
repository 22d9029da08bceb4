import {
  chmodSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { nameOf } from './border.ts';
import { type Digest, digestFileSync, isDigest } from './digest.ts';
import { syncAll, syncNow } from './durable.ts';
import { errorCode, fileProblem, makeFolder } from './file-problem.ts';
import { readRegularBytes } from './regular-file.ts';
import { ownPath } from './store-border.ts';
import { removeFile } from './remove.ts';

/** How a file came to its place: `link` means that it shares the blob's inode. */
export type Restored = 'clone' | 'link' | 'copy';

const largeBytes = 64 * 1024 * 1024;

/** Garbage collection spares what is younger than an hour; well below that, a blob in use is marked as new. */
const freshMilliseconds = 10 * 60 * 1000;

/**
 * How a file comes into the store: `move` leaves nothing behind; `keep` leaves it where it is, as a second name of the same bytes
 * where the file system can, for whoever may have to take it in once more; `copy` leaves it for others to write to.
 */
export type HowTaken = 'move' | 'keep' | 'copy';

/** A file on its way in. */
export interface FileArrival {
  readonly digest: Digest;
  readonly path: string;
  readonly how: HowTaken;
  readonly sizeBytes: number;
}

/** What becomes a blob: a file, or bytes that were in none yet. */
export type Arrival =
  | FileArrival
  | { readonly digest: Digest; readonly how: 'write'; readonly bytes: Uint8Array | string };

/** A file with all bytes of a blob, and what gives it the blob's name. */
interface Coming {
  readonly from: string;
  readonly publish: () => void;
}

/**
 * Files by digest, under `<root>/blobs/sha256/ab/<62 hex>`, never writable.
 *
 * A blob gets its name when all of its bytes are on the disk, so a name means that they are there, also after a loss of power.
 * Callers give digests that they computed; nothing is hashed here. Every failed write throws a `Problem`: `disk-full`,
 * `store-read-only`.
 */
export class Blobs {
  readonly root: string;
  private readonly folder: string;
  private readonly temporary: string;
  private sequence = 0;
  private readonly unclonable = new Set<string>();
  /** Blobs whose bytes were read and found right, with what their file was then. */
  private readonly whole = new Map<Digest, string>();
  private readonly device: number;

  constructor(root: string) {
    this.root = root;
    this.folder = join(root, 'blobs', 'sha256');
    this.temporary = join(root, 'tmp', `${process.pid}-${process.hrtime.bigint().toString(36)}`);
    this.device = statSync(root).dev;
  }

  /** Throws `wrong-digest`: nothing else becomes a path. */
  pathOf(digest: Digest): string {
    const name = nameOf(digest);
    return `${this.folder}/${name.slice(0, 2)}/${name.slice(2)}`;
  }

  /** The same, for whoever changes what is there. Throws `store-leaves` where a link would lead outside. */
  private ownPathOf(digest: Digest): string {
    const path = this.pathOf(digest);
    ownPath(this.folder, path.slice(this.folder.length + 1, -63));
    return path;
  }

  /** Of a file: a link or anything else under a blob's name is none of ours. */
  stat(digest: Digest): Stats | undefined {
    const stats = lstatSync(this.pathOf(digest), { throwIfNoEntry: false });
    return stats?.isFile() ? stats : undefined;
  }

  /** Whether anything stands under a blob's name. */
  isThere(digest: Digest): boolean {
    return lstatSync(this.pathOf(digest), { throwIfNoEntry: false }) !== undefined;
  }

  has(digest: Digest, sizeBytes?: number): boolean {
    const stats = this.stat(digest);
    return stats !== undefined && (sizeBytes === undefined || stats.size === sizeBytes);
  }

  /**
   * Takes in files. A blob gets its name when its bytes are on the disk, and all names are on the disk when this ends. With `move`
   * files are gone from their places afterwards; one with further names is copied all the same, because whoever holds the other
   * name could still write to it.
   */
  async put(arrivals: readonly Arrival[]): Promise<void> {
    for (const { digest } of arrivals) this.ownPathOf(digest);
    const byDigest = new Map(arrivals.map((arrival) => [arrival.digest, arrival]));
    const asides: string[] = [];
    try {
      const coming = [...byDigest.values()].flatMap((arrival) => this.bring(arrival, asides) ?? []);
      const moved = new Set(coming.map(({ from }) => from));
      await syncAll(moved);
      for (const { publish } of coming) publish();
      for (const arrival of arrivals) if (arrival.how === 'move' && !moved.has(arrival.path)) removeFile(arrival.path);
      await syncAll([this.folder, ...[...byDigest.keys()].map((digest) => dirname(this.pathOf(digest)))]);
    } catch (cause) {
      for (const aside of asides) rmSync(aside, { force: true });
      throw fileProblem(cause, this.folder);
    }
  }

  /** The bytes, unchecked; `undefined` when there is no such blob. */
  read(digest: Digest): Buffer | undefined {
    return this.ofBlob(digest, readRegularBytes);
  }

  /**
   * Puts a blob's content at `dest`, which must not exist: by clone, by hard link, or by copy, the first that the file
   * system allows. Root may write to files of any mode, so root gets no hard links unless STET_LINK=hard.
   */
  restore(digest: Digest, dest: string, { executable }: { executable: boolean }): Restored {
    const blob = this.pathOf(digest);
    try {
      if (this.clone(blob, dest, executable)) return 'clone';
      if (!executable && mayLink() && tried(() => linkSync(blob, dest), ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP']))
        return 'link';
      copyFileSync(blob, dest, constants.COPYFILE_EXCL);
      chmodSync(dest, executable ? 0o755 : 0o644);
      return 'copy';
    } catch (cause) {
      throw fileProblem(cause, dest);
    }
  }

  /** The digest of the bytes that are really there. */
  rehash(digest: Digest): Digest | undefined {
    return this.ofBlob(digest, digestFileSync);
  }

  private ofBlob<T>(digest: Digest, read: (path: string) => T): T | undefined {
    const path = this.pathOf(digest);
    try {
      return read(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw fileProblem(error, path);
    }
  }

  /** Moves a wrong blob out of the way, to `quarantine/`; returns where it lies now. */
  quarantine(digest: Digest): string | undefined {
    const place = join(this.root, 'quarantine', `${nameOf(digest)}-${process.pid}-${(this.sequence += 1)}`);
    try {
      renameSync(this.ownPathOf(digest), place);
      return place;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw fileProblem(error, place);
    }
  }

  delete(digest: Digest): void {
    try {
      rmSync(this.ownPathOf(digest), { force: true });
    } catch (cause) {
      throw fileProblem(cause, this.pathOf(digest));
    }
  }

  /** All blobs, in order of digest. */
  *list(): Generator<Digest> {
    const shards = readdirSync(this.folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const shard of shards.map(({ name }) => name).sort()) {
      for (const name of readdirSync(join(this.folder, shard)).sort()) {
        const digest = `sha256:${shard}${name}`;
        if (shard.length === 2 && isDigest(digest)) yield digest;
      }
    }
  }

  /**
   * Whether the blob is there already, and sound: what was just made replaces what has rotted. One that has lain for long is marked
   * as new, so that nobody collects it now. `path` is where the same content was just read.
   */
  private reuse(digest: Digest, sizeBytes: number, path?: string): boolean {
    const stats = this.stat(digest);
    if (stats?.size !== sizeBytes) return false;
    const isSameFile = path !== undefined && lstatSync(path).ino === stats.ino;
    // To replace a large file that nobody has by another name costs less than to read it.
    if (!isSameFile && ((sizeBytes >= largeBytes && stats.nlink === 1) || !this.isWhole(digest))) return false;
    // Sets the ctime and nothing else: the mtime tells whether a job wrote to it.
    if (Date.now() - stats.ctimeMs > freshMilliseconds)
      tried(() => chmodSync(this.pathOf(digest), 0o444), ['EROFS', 'EPERM']);
    if (!isSameFile) this.noteWhole(digest);
    return true;
  }

  /** By what a blob's file is known again: `content` moves when it is written to or replaced, `all` with whatever is done to it. */
  inodeOf(digest: Digest): { content: string; all: string } | undefined {
    const stats = lstatSync(this.pathOf(digest), { bigint: true, throwIfNoEntry: false });
    if (!stats?.isFile()) return undefined;
    const content = `${stats.size} ${stats.mtimeNs} ${stats.ino}`;
    return { content, all: `${content} ${stats.ctimeNs} ${stats.mode}` };
  }

  /** Whether all bytes are right; they are read once for as long as nobody touches the file. */
  isWhole(digest: Digest): boolean {
    if (this.isKnownWhole(digest)) return true;
    const before = this.inodeOf(digest)?.all;
    if (before === undefined || this.rehash(digest) !== digest) return false;
    this.whole.set(digest, before);
    return true;
  }

  isKnownWhole(digest: Digest): boolean {
    const known = this.whole.get(digest);
    return known !== undefined && known === this.inodeOf(digest)?.all;
  }

  /** To be called when only its names, mode or times have changed since it was found whole. */
  noteWhole(digest: Digest): void {
    const now = this.inodeOf(digest)?.all;
    if (now !== undefined) this.whole.set(digest, now);
  }

  forgetWhole(): void {
    this.whole.clear();
  }

  /** For all who have it: a job that was lent the file may have changed its mode. */
  protect(digest: Digest): void {
    tried(() => chmodSync(this.ownPathOf(digest), 0o444), ['EROFS', 'EPERM', 'ENOENT']);
  }

  /** Readies what is not there yet; its bytes, in the file that will be the blob or in one beside, are to be synced next. */
  private bring(arrival: Arrival, asides: string[]): Coming | undefined {
    const { digest } = arrival;
    try {
      if (arrival.how === 'write') {
        const { bytes } = arrival;
        const size = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.byteLength;
        if (this.reuse(digest, size)) return undefined;
        return this.besides(digest, asides, (aside) => writeFileSync(aside, bytes, { mode: 0o444 }));
      }
      const { path, how, sizeBytes } = arrival;
      // The link itself says whether there is something already: on a shared file system each look is a journey.
      if (how === 'keep' && isLinkable(path)) return { from: path, publish: () => this.linkIn(arrival) };
      if (this.reuse(digest, sizeBytes, path)) return undefined;
      if (how === 'move' && lstatSync(path).nlink === 1) {
        chmodSync(path, 0o444);
        return { from: path, publish: () => this.moveIn(arrival) };
      }
      return this.besides(digest, asides, (aside) => copyFileSync(path, aside, constants.COPYFILE_FICLONE));
    } catch (cause) {
      throw fileProblem(cause, this.pathOf(digest));
    }
  }

  private besides(digest: Digest, asides: string[], write: (aside: string) => void): Coming {
    const aside = this.aside();
    asides.push(aside);
    write(aside);
    chmodSync(aside, 0o444);
    return { from: aside, publish: () => this.publish(aside, digest) };
  }

  private moveIn({ digest, path }: FileArrival): void {
    try {
      this.publish(path, digest);
    } catch (error) {
      if (errorCode(error) !== 'EXDEV') throw error;
      this.copyIn(digest, path);
      removeFile(path);
    }
  }

  /** A second name for the file, or, where that cannot be or there is a blob already, the long way. */
  private linkIn({ digest, path, sizeBytes }: FileArrival): void {
    const blob = this.pathOf(digest);
    const refusals = ['EEXIST', 'EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'];
    const link = (): boolean => tried(() => linkSync(path, blob), refusals);
    if (this.inFolder(digest, link) || this.reuse(digest, sizeBytes, path)) return;
    this.copyIn(digest, path);
  }

  private copyIn(digest: Digest, path: string): void {
    const asides: string[] = [];
    try {
      const { from, publish } = this.besides(digest, asides, (aside) => {
        copyFileSync(path, aside, constants.COPYFILE_FICLONE);
      });
      syncNow(from);
      publish();
    } catch (error) {
      for (const aside of asides) rmSync(aside, { force: true });
      throw error;
    }
  }

  private publish(path: string, digest: Digest): void {
    this.inFolder(digest, () => renameSync(path, this.pathOf(digest)));
  }

  /** Does what needs the blob's folder, which is made when it turns out that there is none. */
  private inFolder<T>(digest: Digest, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      makeFolder(dirname(this.pathOf(digest)));
      return act();
    }
  }

  private aside(): string {
    return `${this.temporary}-${(this.sequence += 1)}`;
  }

  private clone(blob: string, dest: string, executable: boolean): boolean {
    const pair = `${this.device} ${statSync(dirname(dest)).dev}`;
    if (this.unclonable.has(pair)) return false;
    const flags = constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL;
    if (!tried(() => copyFileSync(blob, dest, flags), ['ENOTSUP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY', 'EPERM'])) {
      this.unclonable.add(pair);
      // A refused clone leaves an empty file behind.
      rmSync(dest, { force: true });
      return false;
    }
    chmodSync(dest, executable ? 0o755 : 0o644);
    return true;
  }
}

/**
 * Whether it can have a second name; its mode will be that of both, so an executable file cannot. Of another user's file neither
 * mode nor name may be changed.
 */
function isLinkable(path: string): boolean {
  const { nlink, mode } = lstatSync(path);
  return nlink === 1 && (mode & 0o111) === 0 && tried(() => chmodSync(path, 0o444), ['EPERM', 'EROFS']);
}

function mayLink(): boolean {
  return process.env.STET_LINK === 'hard' || process.getuid?.() !== 0;
}

/** Runs `act`; false when it failed with one of `codes`, which say "not here" rather than "broken". */
function tried(act: () => void, codes: readonly string[]): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
