import { closeSync, constants, fsync, fsyncSync, openSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from './file-problem.ts';

/*
 * What outlasts a loss of power: the bytes of a file once the file was synced, and its name once its folder was. Whoever says that
 * something is kept syncs it first, in this order: blobs, then the record that names them, then the event that tells of it.
 */

/** From so many files on, all of their file system is synced at once: each file alone costs about a millisecond. */
const manyFiles = 512;
/** So many are asked for at a time; a file system that journals writes once for all that wait. */
const syncsAtOnce = 16;

/** Reading is enough to sync; a job may have put a pipe in the place of a file. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;

/** Where a file system does not know how, or cannot be written to, there is nothing to wait for. */
const refusals = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EROFS'];

const sync = promisify(fsync);

/** Ends when the bytes of all these files, or the names in these folders, are on their disks. */
export async function syncAll(paths: Iterable<string>): Promise<void> {
  const waiting = [...new Set(paths)];
  if (waiting.length >= manyFiles && (await syncFileSystems(waiting))) return;
  const work = async (): Promise<void> => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) await syncOne(path);
  };
  await Promise.all(Array.from({ length: Math.min(syncsAtOnce, waiting.length) }, work));
}

/** A folder with all that is in it; links are names, and part of their folder. */
export async function syncTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const inside = entries.filter((entry) => entry.isFile() || entry.isDirectory());
  await syncAll([folder, ...inside.map((entry) => join(entry.parentPath, entry.name))]);
}

/** The same for one path, while everything waits. */
export function syncNow(path: string): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } catch (error) {
    refuse(error);
  } finally {
    closeSync(file);
  }
}

async function syncOne(path: string): Promise<void> {
  const file = openSync(path, flags);
  try {
    await sync(file);
  } catch (error) {
    refuse(error);
  } finally {
    closeSync(file);
  }
}

function refuse(error: unknown): void {
  if (!refusals.includes(errorCode(error) ?? '')) throw error;
}

/** False where nothing here can do that, and each file has to be synced by itself. */
async function syncFileSystems(paths: readonly string[]): Promise<boolean> {
  if (process.platform !== 'linux') return false; // elsewhere `sync` takes no path, and may not wait
  const { execFile } = await import('node:child_process');
  const onEach = new Map(paths.map((path) => [statSync(path).dev, path]));
  return new Promise((resolve) => {
    execFile('sync', ['-f', ...onEach.values()], (error) => resolve(error === null));
  });
}
