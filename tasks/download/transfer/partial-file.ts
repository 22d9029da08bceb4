import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileProblem } from '../../../cache/file-problem.ts';
import { identityOf, type RemoteObject } from '../sources/source.ts';
import { preferredChecksum } from '../checksums/checksum.ts';
import { type Hasher, hashFile, startHasher } from '../checksums/hasher.ts';

/** Bytes that are gathered before they are written: a system call for each 64 KiB from the network costs more than the hash. */
const gatheredBytes = 1 << 20;

/** Whether a partial file of the object can be told to be of the content that is listed now. */
export function isResumable({ checksums, generation }: RemoteObject): boolean {
  return checksums.length > 0 || generation !== undefined;
}

/** The file that holds the beginning of an object; its name says of which content, so others are never gone on with. */
export function partialName(object: RemoteObject): string {
  const identity = JSON.stringify([object.name, identityOf(object)]);
  return `${createHash('sha256').update(identity).digest('hex').slice(0, 40)}.part`;
}

/** Removes the beginnings of objects that are no longer wanted, or no longer are what they were. */
export async function removeStale(folder: string, wanted: readonly RemoteObject[]): Promise<void> {
  const names = new Set(wanted.filter(isResumable).map(partialName));
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) if (!names.has(name)) await rm(join(folder, name), { recursive: true });
}

/** An object on its way in: as far as it came, and the checksum so far. */
export class PartialFile {
  readonly path: string;
  /** Bytes that arrived, written or about to be. */
  position = 0;
  readonly #file: FileHandle;
  readonly #object: RemoteObject;
  #hasher: Hasher;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  private constructor(path: string, file: FileHandle, object: RemoteObject) {
    this.path = path;
    this.#file = file;
    this.#object = object;
    this.#hasher = hasherFor(object);
  }

  /** Goes on with what an earlier attempt left, which is hashed first. */
  static async open(folder: string, object: RemoteObject, signal: AbortSignal): Promise<PartialFile> {
    const path = join(folder, partialName(object));
    let file: FileHandle | undefined;
    try {
      file = await open(path, isResumable(object) ? 'a+' : 'w+');
      const partial = new PartialFile(path, file, object);
      const { size } = await file.stat();
      if (size > object.sizeBytes) await file.truncate(0);
      else if (size > 0) {
        await hashFile(path, partial.#hasher, { end: size, signal });
        partial.position = size;
      }
      return partial;
    } catch (cause) {
      await file?.close();
      signal.throwIfAborted();
      throw fileProblem(cause, path);
    }
  }

  async append(bytes: Buffer): Promise<void> {
    this.#hasher.update(bytes);
    this.position += bytes.length;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= gatheredBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    [this.#gathered, this.#gatheredBytes] = [[], 0];
    try {
      // One write may take less than all, as on a disk that fills up; then the rest follows, or says why not.
      let rest = Buffer.concat(gathered);
      while (rest.length > 0) rest = rest.subarray((await this.#file.write(rest)).bytesWritten);
    } catch (cause) {
      throw fileProblem(cause, this.path);
    }
  }

  /** Starts anew: what came is not the beginning of the object. */
  async restart(): Promise<void> {
    [this.#gathered, this.#gatheredBytes, this.position] = [[], 0, 0];
    this.#hasher = hasherFor(this.#object);
    await this.#file.truncate(0);
  }

  /** The checksum of all that arrived, of the kind that the object has, or sha256 where it has none. Called once. */
  hex(): string {
    return this.#hasher.hex();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function hasherFor(object: RemoteObject): Hasher {
  return startHasher(preferredChecksum(object.checksums)?.of ?? 'sha256', object.sizeBytes);
}
