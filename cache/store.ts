import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { type Seen, type SeenStats, StatCache } from './adopt.ts';
import { Statements } from './accepted.ts';
import { withAccepted } from './accepted-records.ts';
import { Blobs, type FileArrival, type HowTaken } from './blobs.ts';
import { type CheckoutTools, checkoutTree, type Lent, writtenTo } from './checkout.ts';
import { isEntryPath, nameOf } from './border.ts';
import { isTable } from './canonical-json.ts';
import { type Digest, digestBytes } from './digest.ts';
import { syncNow } from './durable.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import { messageOf, Problem } from './problem.ts';
import { writeWhole } from './write-whole.ts';
import { removeAll, removeFile } from './remove.ts';
import { followGroup } from './shared-store.ts';
import { SoundBlobs } from './sound-blobs.ts';
import { readRegular } from './regular-file.ts';
import { refuseLinks, tellOtherWriters } from './store-border.ts';
import { parseTree, treeFault } from './tree-fault.ts';
import { openRecords, type Records } from './records.ts';
import { look, realPath, scanTree, type Tree, treeFileCount, treeSize, treeText } from './tree.ts';

export interface StoredTree {
  digest: Digest;
  /** Bytes of all files. */
  size: number;
  fileCount: number;
}

/**
 * Blobs and records under one root:
 *
 *     stet-store.json   the layout's version      locks/       who works on which fingerprint
 *     blobs/            files by digest           runs/ work/  logs and job folders, of the runner
 *     records.sqlite    fingerprint to record     code/        frozen code
 *     adopted/          files that stay outside   quarantine/  what was found damaged
 *     tmp/              files on their way in     stat-cache.jsonl
 *     samples/          blocks of large blobs     accepted/    whose result holds for another fingerprint
 *     dropped/          trees that are known and were given up
 */
export interface Store {
  readonly root: string;
  readonly blobs: Blobs;
  /** They also answer for what was accepted. */
  readonly records: Records;
  readonly accepted: Statements;
  readonly statCache: StatCache;
  readonly warn: (message: string) => void;
  /**
   * Takes in a file or folder, which is there also after a loss of power once this ended. With `move` its files are gone from `path` afterwards;
   * with `keep` nobody may write to them any more.
   */
  putTree(path: string, options: { how: HowTaken }): Promise<StoredTree>;
  /** Keeps a manifest of files that stay where they are: of all in a folder, or of those with these names. */
  adoptTree(path: string, options?: { names?: readonly string[] | undefined }): Promise<StoredTree>;
  /** The manifest; `undefined`, with a warning when it is damaged. */
  readTree(digest: Digest): Tree | undefined;
  /** Whether all files of a tree are there, by size. A tree that was found once is not looked for again. */
  hasTree(digest: Digest): boolean;
  /**
   * Makes a tree's files available: at `dest`, which must not exist, or, for an adopted tree, where they lie.
   * `links` counts files that share their inode with the store; `changedInputs` tells whether they were written to.
   * Trees below 64 MiB are checked by content, larger ones where they are copied, and with `whole`; else by stats and samples. Throws `damaged-blob` or `tree-missing`: the tree is a miss then.
   */
  checkout(digest: Digest, dest: string, options?: { whole?: boolean }): { path: string; links: number };
  /** Files that were lent by `checkout` and have changed since. Damaged blobs go to quarantine. */
  changedInputs(dest: string): string[];
  /** Notes that the files of a tree are given up while it stays known: `hasTree` holds, and `checkout` throws `tree-dropped`. */
  drop(digest: Digest): void;
  isDropped(digest: Digest): boolean;
  /** Takes back what `checkout` wrote at `dest`. */
  giveBack(dest: string): void;
  /** Forgets what was found: after files were deleted. */
  forget(digest?: Digest): void;
  close(): Promise<void>;
}

const layout = 1;
const folders = ['blobs/sha256', 'tmp', 'locks', 'runs', 'work', 'code', 'quarantine', 'adopted'];

/** Opens the store at `root`, making it if need be. `records` is an address as `openRecords` takes it. */
export async function openStore(
  root: string,
  { records: url = 'auto', warn = () => undefined }: { records?: string; warn?: (message: string) => void } = {},
): Promise<Store> {
  const at = resolve(root);
  followGroup(at);
  prepareLayout(at);
  refuseLinks(at);
  tellOtherWriters(at, warn);
  const records = await openRecords(url, { root: at, warn });
  if (records.warning) warn(records.warning);
  return new FolderStore(at, records, warn);
}

function prepareLayout(root: string): void {
  const marker = join(root, 'stet-store.json');
  try {
    const found = (JSON.parse(readRegular(marker)) as { layout?: unknown }).layout;
    if (found === layout) return;
    throw new Problem(
      'store-layout',
      `The store at ${root} has layout ${String(found)}; this version knows ${layout}.`,
      {
        hint: 'Use a newer version of stet, or another folder with --store.',
      },
    );
  } catch (error) {
    if (Problem.is(error)) throw error;
    if (errorCode(error) !== 'ENOENT') {
      throw new Problem('store-layout', `${marker} cannot be read: ${messageOf(error)}.`, {
        hint: `If this is a store, write {"layout":${layout}} into that file.`,
        cause: error,
      });
    }
  }
  try {
    const made = mkdirSync(root, { recursive: true });
    for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, '.gitignore'), '*\n'); // a store inside a repository is none of its business
    syncNow(join(root, 'blobs'));
    writeWhole(marker, `{"layout":${layout}}\n`, { lasting: true });
    for (let at = root; made !== undefined && at !== dirname(made); at = dirname(at)) syncNow(dirname(at));
  } catch (cause) {
    throw fileProblem(cause, root);
  }
}

interface Adopted {
  readonly origin: string;
  /** By path in the tree. */
  readonly files: ReadonlyMap<string, SeenStats>;
}

/** How many manifest entries are kept in memory; about 200 bytes each. */
const rememberedEntries = 200_000;

class FolderStore implements Store {
  readonly root: string;
  readonly blobs: Blobs;
  readonly records: Records;
  readonly accepted: Statements;
  readonly statCache: StatCache;
  readonly warn: (message: string) => void;
  private readonly trees = new Map<Digest, Tree>();
  private treeEntries = 0;
  private readonly present = new Set<Digest>();
  private readonly sound: SoundBlobs;
  private readonly lent = new Map<string, Lent[]>();
  private readonly adoptions = new Map<Digest, Adopted>();

  constructor(root: string, records: Records, warn: (message: string) => void) {
    this.root = root;
    this.blobs = new Blobs(root);
    this.sound = new SoundBlobs(this.blobs);
    this.accepted = new Statements(root, warn);
    this.records = withAccepted(records, this.accepted);
    this.statCache = new StatCache(join(root, 'stat-cache.jsonl'));
    this.warn = warn;
  }

  async putTree(path: string, { how }: { how: HowTaken }): Promise<StoredTree> {
    const seen = look(path);
    const tree = await scanTree(path, { seen });
    // What a link points at is somebody else's.
    const isLink = seen.isSymbolicLink();
    const files = tree.entries.flatMap((entry): FileArrival[] => {
      if (entry.kind !== 'file') return [];
      const file = entry.path === '' ? path : join(path, entry.path);
      return [{ digest: entry.digest, path: file, how: isLink ? 'copy' : how, sizeBytes: entry.size }];
    });
    const stored = await this.putManifest(tree, files);
    for (const { digest, sizeBytes } of files) this.sound.remember(digest, sizeBytes);
    if (how === 'move' && (isLink || tree.kind === 'folder')) rmSync(path, { recursive: true, force: true });
    this.present.add(stored.digest);
    return stored;
  }

  async adoptTree(path: string, { names }: { names?: readonly string[] | undefined } = {}): Promise<StoredTree> {
    const origin = resolve(path);
    const seen = new Map<string, Seen>();
    const hasher = async (paths: readonly string[]): Promise<Seen[]> => {
      const found = await this.statCache.look(paths);
      for (const [i, file] of paths.entries()) seen.set(file, found[i] as Seen);
      return found;
    };
    const root = realPath(origin);
    const tree = await scanTree(root, { hasher, names });
    const files = new Map<string, SeenStats>();
    for (const entry of tree.entries) {
      if (entry.kind !== 'file') continue;
      files.set(entry.path, (seen.get(entry.path === '' ? root : `${root}/${entry.path}`) as Seen).stats);
    }
    const stored = await this.putManifest(tree, []);
    const adopted: Adopted = { origin, files };
    writeWhole(this.adoptionPath(stored.digest), adoptedText(adopted), { lasting: true });
    this.adoptions.set(stored.digest, adopted);
    return stored;
  }

  readTree(digest: Digest): Tree | undefined {
    const known = this.trees.get(digest);
    if (known) return known;
    const bytes = this.blobs.read(digest);
    if (!bytes) return undefined;
    if (digestBytes(bytes) !== digest) {
      const place = this.blobs.quarantine(digest);
      this.warn(
        `The manifest ${digest} was damaged; it is in ${place ?? 'quarantine'} now, and its tree is taken as missing.`,
      );
      return undefined;
    }
    const tree = parseTree(bytes.toString('utf8'));
    if (typeof tree === 'string') {
      this.warn(`The manifest ${digest} cannot be used: ${tree}. Its tree is taken as missing.`);
      return undefined;
    }
    this.rememberTree(digest, tree);
    return tree;
  }

  hasTree(digest: Digest): boolean {
    if (this.present.has(digest)) return true;
    const tree = this.readTree(digest);
    if (!tree) {
      this.warn(`The tree ${digest} is missing from the store.`);
      return false;
    }
    const missing = this.missingFrom(tree);
    if (missing === undefined || this.isDropped(digest)) {
      this.present.add(digest);
      return true;
    }
    const adopted = this.adoption(digest);
    const changed = adopted ? this.changedSince(adopted, tree)[0] : missing;
    if (changed === undefined) return true;
    this.warn(`The tree ${digest} is not whole: ${changed}. It is taken as missing.`);
    return false;
  }

  checkout(digest: Digest, dest: string, { whole = false } = {}): { path: string; links: number } {
    const tree = this.readTree(digest);
    if (!tree) {
      this.forget(digest);
      throw new Problem('tree-missing', `The tree ${digest} is missing from the store.`);
    }
    const adopted = this.adoption(digest);
    if (adopted) {
      // Where they lie also when the store has them all: beside them may be what does not count, as an environment.
      const changed = this.changedSince(adopted, tree)[0];
      if (changed === undefined) {
        this.lent.set(resolve(dest), [{ kind: 'adopted', digest }]);
        return { path: adopted.origin, links: 0 };
      }
      if (this.missingFrom(tree) !== undefined)
        throw new Problem('tree-missing', `The adopted files of ${digest} have changed: ${changed}.`);
    }
    try {
      const lent = checkoutTree(tree, dest, { ...this.tools, whole });
      if (lent.length > 0) this.lent.set(resolve(dest), lent);
      return { path: dest, links: lent.length };
    } catch (error) {
      this.forget(digest);
      throw this.isDropped(digest) ? droppedTree(digest, error) : error;
    }
  }

  drop(digest: Digest): void {
    mkdirSync(join(this.root, 'dropped'), { recursive: true });
    writeWhole(this.dropPath(digest), '', { lasting: true });
  }

  isDropped(digest: Digest): boolean {
    return existsSync(this.dropPath(digest));
  }

  changedInputs(dest: string): string[] {
    const lent = this.lent.get(resolve(dest)) ?? [];
    return lent.flatMap((item) => {
      if (item.kind === 'adopted') {
        const adopted = this.adoption(item.digest);
        const tree = this.readTree(item.digest);
        return adopted && tree ? this.changedSince(adopted, tree) : [];
      }
      if (!writtenTo(item, this.tools)) return [];
      const place = this.blobs.quarantine(item.digest);
      this.forget();
      this.warn(
        `A job wrote to its input ${item.path}; the stored copy ${item.digest} is in ${place ?? 'quarantine'} now.`,
      );
      return [item.path];
    });
  }

  giveBack(dest: string): void {
    const lent = (this.lent.get(resolve(dest)) ?? []).flatMap((item) => (item.kind === 'blob' ? [item.digest] : []));
    this.sound.keeping(lent, () => removeAll(dest));
    this.lent.delete(resolve(dest));
  }

  forget(digest?: Digest): void {
    if (digest) {
      this.present.delete(digest);
      this.trees.delete(digest);
      this.adoptions.delete(digest);
      return;
    }
    this.present.clear();
    this.trees.clear();
    this.treeEntries = 0;
    this.sound.forget();
    this.adoptions.clear();
  }

  async close(): Promise<void> {
    await this.records.close();
  }

  private get tools(): Omit<CheckoutTools, 'whole'> {
    return { blobs: this.blobs, sound: this.sound };
  }

  /** The manifest comes first, because it needs room where a move needs none: a full disk leaves the files where they are. */
  private async putManifest(tree: Tree, files: readonly FileArrival[]): Promise<StoredTree> {
    const fault = treeFault(tree);
    if (fault) throw new Problem('wrong-tree', `This cannot be kept as one tree of files: ${fault}.`);
    const text = treeText(tree);
    const digest = digestBytes(text);
    await this.blobs.put([{ digest, how: 'write', bytes: text }, ...files]);
    removeFile(this.dropPath(digest));
    this.rememberTree(digest, tree);
    return { digest, size: treeSize(tree), fileCount: treeFileCount(tree) };
  }

  private rememberTree(digest: Digest, tree: Tree): void {
    if (this.treeEntries + tree.entries.length > rememberedEntries) {
      this.trees.clear();
      this.treeEntries = 0;
    }
    this.trees.set(digest, tree);
    this.treeEntries += tree.entries.length;
  }

  /** In words, the first blob that is not there or has another size. */
  private missingFrom(tree: Tree): string | undefined {
    for (const entry of tree.entries) {
      if (entry.kind !== 'file') continue;
      const stats = this.blobs.stat(entry.digest);
      if (stats?.size === entry.size) continue;
      const name = entry.path || 'its file';
      return stats ? `${name} has ${stats.size} bytes in the store, not ${entry.size}` : `${name} is not in the store`;
    }
    return undefined;
  }

  private changedSince({ origin, files }: Adopted, tree: Tree): string[] {
    return tree.entries.flatMap((entry) => {
      if (entry.kind !== 'file') return [];
      const path = originFile(origin, entry.path);
      const before = files.get(entry.path);
      return before && this.statCache.stillHas(path, before, entry.digest) ? [] : [path];
    });
  }

  private adoption(digest: Digest): Adopted | undefined {
    const known = this.adoptions.get(digest);
    if (known) return known;
    try {
      const adopted = parseAdopted(readRegular(this.adoptionPath(digest)));
      this.adoptions.set(digest, adopted);
      return adopted;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.warn(`${this.adoptionPath(digest)} cannot be read: ${messageOf(error)}.`);
      return undefined;
    }
  }

  private dropPath(digest: Digest): string {
    return join(this.root, 'dropped', nameOf(digest));
  }

  private adoptionPath(digest: Digest): string {
    return join(this.root, 'adopted', `${nameOf(digest)}.json`);
  }
}

function droppedTree(digest: Digest, cause: unknown): Problem {
  return new Problem('tree-dropped', `The files of ${digest} were dropped from the store to make room.`, {
    hint: 'Only the task that made them makes them again: pipeline run NAME --force NODE',
    cause,
  });
}

/** As one JSON object, written piece by piece: an object with a million keys takes longer to build than to write. */
function adoptedText({ origin, files }: Adopted): string {
  const rows = [...files].map(([path, stats]) => `${JSON.stringify(path)}:${JSON.stringify(stats)}`);
  return `{"origin":${JSON.stringify(origin)},"files":{${rows.join(',')}}}`;
}

function parseAdopted(text: string): Adopted {
  const { origin, files } = JSON.parse(text) as { origin: unknown; files: Record<string, SeenStats> };
  if (typeof origin !== 'string' || !isAbsolute(origin) || !isTable(files)) throw new Error('it says no place');
  const stranger = Object.keys(files).find((path) => path !== '' && !isEntryPath(path));
  if (stranger !== undefined) throw new Error(`the path ${JSON.stringify(stranger)} does not stay inside`);
  return { origin, files: new Map(Object.entries(files)) };
}

function originFile(origin: string, path: string): string {
  return path === '' ? origin : join(origin, path);
}
