import { hash, createHash } from 'node:crypto';
import { closeSync, fstatSync, readFileSync, readSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { canonicalJson } from './canonical-json.ts';
import { openRegular, openSeen } from './regular-file.ts';
import { startThread } from './thread.ts';

declare const brand: unique symbol;

/** `sha256:` and 64 lower-case hex digits. */
export type Digest = string & { readonly [brand]: 'digest' };

export const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && value.length === 71 && digestPattern.test(value);
}

export function digestBytes(data: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', data, 'hex')}` as Digest;
}

/** The digest of a value's canonical JSON. */
export function digestJson(value: unknown): Digest {
  return digestBytes(canonicalJson(value));
}

/** Files up to this size are read in one go. */
const smallBytes = 256 * 1024;
const chunkBytes = 4 * 1024 * 1024;
/** Below this size a worker costs more than it saves: one starts in about 20 ms, in which one core hashes 25 MB. */
const largeBytes = 16 * 1024 * 1024;
/** How long small files may keep the event loop from its timers. */
const turnMilliseconds = 50;

/** `sizeBytes`, when the caller knows it, saves a look at the file. */
export function digestFileSync(path: string, sizeBytes?: number): Digest {
  const file = sizeBytes === undefined ? openRegular(path) : openSeen(path);
  try {
    if ((sizeBytes ?? fstatSync(file).size) <= smallBytes) return digestBytes(readFileSync(file));
    const sum = createHash('sha256');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer)) {
      sum.update(count === chunkBytes ? buffer : buffer.subarray(0, count));
    }
    return `sha256:${sum.digest('hex')}` as Digest;
  } finally {
    closeSync(file);
  }
}

/**
 * Digests in the order of `paths`. Large files are hashed by worker threads while small ones are hashed here. `sizes` in bytes,
 * when the caller knows them, save a look at each file.
 */
export async function digestFiles(
  paths: readonly string[],
  options: { workers?: number; sizes?: readonly number[] } = {},
): Promise<Digest[]> {
  const sizes = options.sizes ?? paths.map((path) => statSync(path).size); // of a pipe or a device 0, refused when it is opened
  const large = paths.filter((_, index) => (sizes[index] ?? 0) >= largeBytes);
  const workers = Math.min(options.workers ?? Math.min(availableParallelism(), 8), large.length);
  const parallel = workers > 1 ? hashInWorkers(large, workers) : undefined;
  // Hashing here may throw before the workers are awaited; their own failure must not go unhandled then.
  parallel?.catch(() => undefined);

  const digests = new Map<string, Digest>();
  let turnEnds = performance.now() + turnMilliseconds;
  for (const [index, path] of paths.entries()) {
    if (parallel && (sizes[index] ?? 0) >= largeBytes) continue;
    digests.set(path, digestFileSync(path, sizes[index]));
    if (performance.now() < turnEnds) continue;
    await nextTurn();
    turnEnds = performance.now() + turnMilliseconds;
  }
  for (const [path, digest] of (await parallel) ?? []) digests.set(path, digest);
  return paths.map((path) => digests.get(path) as Digest);
}

/** Each worker asks for the next path when it is done with one, so one huge file does not hold up the others. */
async function hashInWorkers(paths: readonly string[], count: number): Promise<Map<string, Digest>> {
  const waiting = [...paths];
  const digests = new Map<string, Digest>();
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = startWorker();
      const next = (): void => {
        const path = waiting.pop();
        if (path === undefined) return void worker.terminate().then(() => resolve(), reject);
        worker.once('message', (digest: Digest) => {
          digests.set(path, digest);
          next();
        });
        worker.postMessage(path);
      };
      worker.once('error', reject);
      next();
    });
  await Promise.all(Array.from({ length: count }, work));
  return digests;
}

function startWorker(): Worker {
  const extension = extname(new URL(import.meta.url).pathname);
  return startThread(new URL(`./digest-worker${extension}`, import.meta.url));
}
