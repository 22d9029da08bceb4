import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freeBytes } from '../../../cache/file-system.ts';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { sizeInWords } from '../../core/size-in-words.ts';
import type { Progress } from '../../core/spec.ts';
import { refuseUnsafeNames } from '../sources/listing.ts';
import type { Access, CopyTarget, Remote, RemoteObject, Transport } from '../sources/source.ts';
import { preferredChecksum } from '../checksums/checksum.ts';
import { hashFile, startHasher } from '../checksums/hasher.ts';
import { fetchObject } from './fetch-object.ts';
import { Meter } from './meter.ts';
import { inParallel } from '../pacing/parallel.ts';
import { isResumable, partialName, removeStale } from './partial-file.ts';
import { Placer } from './place-file.ts';
import { openState, type StateFolder } from './state-folder.ts';
import { VerifiedFiles } from './verified-files.ts';

interface Options {
  readonly access: Access;
  /** Connections, or programs, at a time. */
  readonly parallel: number;
  /** Reads files that are there instead of trusting what was noted of them. */
  readonly checkData?: boolean;
  readonly report?: (progress: Progress) => void;
}

export interface Downloaded {
  readonly files: number;
  readonly bytes: number;
  /** Of the files, those that were there already. */
  readonly kept: number;
  /** Bytes that came over the network now, repeated ones included. */
  readonly movedBytes: number;
}

/** So many files may fail before no others are begun: then it is not the files. */
const mostFailures = 5;

/**
 * Brings all objects of a listing into a folder: what is there and intact stays, the rest is fetched side by side,
 * checked, and appears under its name when it is whole. Ended at any moment, it goes on from there the next time.
 *
 * Files of the folder that the listing does not name are left alone. Throws `unsafe-names`, `not-enough-room` before the
 * first byte, and `files-missing` with all files that could not be had.
 */
export async function download(remote: Remote, to: string, options: Options): Promise<Downloaded> {
  refuseUnsafeNames(remote);
  const folder = resolve(to);
  const state = openState(folder);
  try {
    return await intoFolder(remote, folder, state, options);
  } finally {
    state.release();
  }
}

async function intoFolder(
  remote: Remote,
  folder: string,
  state: StateFolder,
  { access, parallel, checkData = false, report = () => {} }: Options,
): Promise<Downloaded> {
  const { objects, transport, from } = remote;
  const verified = new VerifiedFiles(state.verified, folder);
  const missing = await notThere(objects, { verified, checkData, parallel, report, signal: access.signal });
  if (transport.type === 'stream') await removeStale(state.partial, missing);
  const totalBytes = bytesOf(objects);
  const missingBytes = bytesOf(missing);
  refuseFullDisk({ from, folder, neededBytes: missingBytes - (await begunBytes(missing, state)) });

  const meter = new Meter({ totalBytes, thereBytes: totalBytes - missingBytes, report });
  const placer = new Placer(folder);
  const failures: { name: string; error: unknown }[] = [];
  const arrived = async (object: RemoteObject, path: string, learned?: string): Promise<void> => {
    await placer.place(path, object.name);
    await verified.remember(object, learned);
  };
  const guarded = async (names: string, work: () => Promise<void>): Promise<void> => {
    if (failures.length >= mostFailures) return;
    try {
      await work();
    } catch (error) {
      access.signal.throwIfAborted();
      if (concernsAllFiles(error)) throw error;
      failures.push({ name: names, error });
    }
  };
  if (transport.type === 'stream') {
    await inParallel(missing, parallel, (object) =>
      guarded(object.name, async () => {
        let first = true;
        const moved = (bytes: number): void => {
          if (first) meter.resumed(bytes);
          else meter.moved(bytes);
          first = false;
        };
        const { path, learned } = await fetchObject(object, { transport, folder: state.partial, access, moved });
        await arrived(object, path, learned);
      }),
    );
  } else {
    await inParallel(shares(missing, parallel), parallel, (share) =>
      guarded(share[0]?.name ?? '', () => copyShare(share, transport, { state, access, meter, arrived })),
    );
  }
  if (failures.length > 0) throw filesMissing(failures, missing.length);
  verified.compact();
  await rm(state.arriving, { recursive: true });
  return {
    files: objects.length,
    bytes: totalBytes,
    kept: objects.length - missing.length,
    movedBytes: meter.movedBytes,
  };
}

interface Check {
  readonly verified: VerifiedFiles;
  readonly checkData: boolean;
  readonly parallel: number;
  readonly report: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

async function notThere(objects: readonly RemoteObject[], check: Check): Promise<RemoteObject[]> {
  const missing = new Set<RemoteObject>();
  let looked = 0;
  await inParallel(objects, check.parallel, async (object) => {
    check.signal.throwIfAborted();
    if (!(await check.verified.isThere(object, check))) missing.add(object);
    looked += 1;
    if (check.verified.hashedCount > 0) check.report({ done: looked, total: objects.length, unit: 'files looked at' });
  });
  return objects.filter((object) => missing.has(object));
}

interface Copying {
  readonly state: StateFolder;
  readonly access: Access;
  readonly meter: Meter;
  readonly arrived: (object: RemoteObject, path: string, learned?: string) => Promise<void>;
}

async function copyShare(
  share: readonly RemoteObject[],
  { copy }: Extract<Transport, { type: 'copy' }>,
  { state, access, meter, arrived }: Copying,
): Promise<void> {
  const target: CopyTarget = {
    folder: state.arriving,
    signal: access.signal,
    arrived: async (object) => {
      const path = join(state.arriving, object.name);
      const expected = preferredChecksum(object.checksums);
      const hasher = startHasher(expected?.of ?? 'sha256', object.sizeBytes);
      const { size } = await stat(path);
      await hashFile(path, hasher, { end: size, signal: access.signal });
      const hex = hasher.hex();
      if (size !== object.sizeBytes || (expected && hex !== expected.value)) throw checksumDiffers(object);
      await arrived(object, path, expected ? undefined : hex);
      meter.moved(object.sizeBytes);
    },
  };
  await copy(share, target);
}

/** Objects dealt out like cards, so that each share has some of every size. */
function shares(objects: readonly RemoteObject[], count: number): RemoteObject[][] {
  const dealt = Array.from({ length: count }, (_, i) => objects.filter((_object, index) => index % count === i));
  return dealt.filter((share) => share.length > 0);
}

async function begunBytes(missing: readonly RemoteObject[], { partial }: StateFolder): Promise<number> {
  let bytes = 0;
  for (const object of missing.filter(isResumable)) {
    const begun = await stat(join(partial, partialName(object))).catch(() => undefined); // not begun
    bytes += Math.min(begun?.size ?? 0, object.sizeBytes);
  }
  return bytes;
}

function refuseFullDisk({ from, folder, neededBytes }: { from: string; folder: string; neededBytes: number }): void {
  const free = freeBytes(folder);
  if (free >= neededBytes) return;
  throw new Problem(
    'not-enough-room',
    `${from} needs ${neededBytes} more bytes (${sizeInWords(neededBytes)}) and ${folder} has ${free} (${sizeInWords(free)}) free.`,
    { hint: 'Free some space, or choose a folder on another disk.' },
  );
}

/** No other file would fare better. */
function concernsAllFiles(error: unknown): boolean {
  return (
    Problem.is(error) &&
    ['disk-full', 'store-read-only', 'program-missing', 'access-denied', 'gated'].includes(error.code)
  );
}

function filesMissing(failures: { name: string; error: unknown }[], wanted: number): Problem {
  failures.sort((a, b) => (a.name < b.name ? -1 : 1)); // not by who was quicker
  const [first] = failures;
  if (failures.length === 1 && Problem.is(first?.error)) return first.error;
  const lines = failures.map(({ name, error }) => `  ${name}: ${messageOf(error)}`);
  const hints = failures.flatMap(({ error }) => (Problem.is(error) && error.hint ? [error.hint] : []));
  return new Problem(
    'files-missing',
    `${failures.length} of ${wanted} files could not be fetched:\n${lines.join('\n')}`,
    {
      hint: hints[0] ?? 'Run again: what arrived is not fetched twice.',
      cause: first?.error,
    },
  );
}

function checksumDiffers({ name }: RemoteObject): Problem {
  return new Problem('checksum-differs', `${name} was copied, and is not what its source says.`, {
    hint: 'Run again; if it happens again, the file is damaged at its source.',
  });
}

function bytesOf(objects: readonly RemoteObject[]): number {
  return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
