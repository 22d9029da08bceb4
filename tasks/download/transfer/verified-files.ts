import { appendFileSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { syncAll } from '../../../cache/durable.ts';
import { errorCode, fileProblem } from '../../../cache/file-problem.ts';
import { writeWhole } from '../../../cache/write-whole.ts';
import { identityOf, type RemoteObject } from '../sources/source.ts';
import { preferredChecksum } from '../checksums/checksum.ts';
import { hashFile, startHasher } from '../checksums/hasher.ts';

const Line = z.object({
  name: z.string(),
  /** Of the object that was found in the file. */
  identity: z.string(),
  /** Of the file when it was found whole. */
  size: z.number(),
  mtimeNs: z.string(),
  /** sha256, where the source tells no checksum. */
  learned: z.string().optional(),
});
type Line = z.output<typeof Line>;

/** Remembers which files of a folder hold which object, so that terabytes are not hashed again; one line a file. */
export class VerifiedFiles {
  readonly #path: string;
  readonly #folder: string;
  readonly #lines: Map<string, Line>;
  /** How many files were read in full. */
  hashedCount = 0;

  constructor(path: string, folder: string) {
    this.#path = path;
    this.#folder = folder;
    this.#lines = new Map(readLines(path).map((line) => [line.name, line]));
  }

  /** Whether the object lies under its name. With `checkData` the file is read even when its stats say so. */
  async isThere(
    object: RemoteObject,
    { checkData, signal }: { checkData: boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const path = join(this.#folder, object.name);
    const stats = await stat(path, { bigint: true }).catch(() => undefined); // not there, which is the answer
    if (!stats?.isFile() || Number(stats.size) !== object.sizeBytes) return false;
    const line = this.#lines.get(object.name);
    const isKnown = line?.identity === identityOf(object) && line.mtimeNs === `${stats.mtimeNs}`;
    if (isKnown && !checkData) return true;

    const listed = preferredChecksum(object.checksums);
    const learned = line?.identity === identityOf(object) && line.learned ? line.learned : undefined;
    const expected = listed ?? (learned === undefined ? undefined : { of: 'sha256' as const, value: learned });
    if (expected === undefined) return false;
    this.hashedCount += 1;
    const hasher = startHasher(expected.of, object.sizeBytes);
    await hashFile(path, hasher, { end: object.sizeBytes, signal });
    if (hasher.hex() !== expected.value) return false;
    await this.remember(object, learned);
    return true;
  }

  /** On the disk first: a line must not outlive the bytes that it vouches for. */
  async remember(object: RemoteObject, learned?: string): Promise<void> {
    const path = join(this.#folder, object.name);
    await syncAll([path]);
    const { size, mtimeNs } = await stat(path, { bigint: true });
    const line: Line = {
      name: object.name,
      identity: identityOf(object),
      size: Number(size),
      mtimeNs: `${mtimeNs}`,
      learned,
    };
    this.#lines.set(object.name, line);
    try {
      appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
    } catch (cause) {
      throw fileProblem(cause, this.#path);
    }
  }

  /** Leaves one line for each name. */
  compact(): void {
    writeWhole(this.#path, [...this.#lines.values()].map((line) => `${JSON.stringify(line)}\n`).join(''));
  }
}

/** A line that was torn by a death is learned again. */
function readLines(path: string): Line[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, path);
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [Line.parse(JSON.parse(line))];
    } catch {
      return []; // the last line of a process that was killed, or the empty one at the end
    }
  });
}
