import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, Problem } from '../../../cache/problem.ts';
import { isLfsPointer, lfsPointer } from '../lfs-pointer.ts';

const signature = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The bytes of an HDF5 file that is as long as it says it is; else a `Problem` that tells what it is instead. */
export function fileBytes(path: string): ArrayBuffer {
  const bytes = wholeFile(path);
  const start = Buffer.from(bytes, 0, Math.min(64, bytes.byteLength));
  if (isLfsPointer(start)) throw lfsPointer(path);
  if (!start.subarray(0, 8).equals(signature)) {
    throw new Problem(
      'not-hdf5',
      `${path} is not an HDF5 file: it has ${bytes.byteLength} bytes and a different start.`,
    );
  }
  const length = declaredLength(start);
  if (length > bytes.byteLength) {
    throw new Problem('hdf5-truncated', `${path} is cut off: ${bytes.byteLength} bytes of ${length}.`, {
      hint: 'Copy the file again from where it came from.',
    });
  }
  return bytes;
}

/** Address of the end of the file. HDF5 file format 3.0, II.A: superblock versions 0 and 1, 2 and 3. */
function declaredLength(start: Buffer): number {
  const version = start[8] ?? 0;
  const at = version >= 2 ? 28 : version === 1 ? 44 : 40;
  return start.length < at + 8 ? Number.POSITIVE_INFINITY : Number(start.readBigUInt64LE(at));
}

/** One read call gives at most two gigabytes, so it takes as many as it takes. */
const readStepBytes = 2 ** 30;

function wholeFile(path: string): ArrayBuffer {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = new ArrayBuffer(fstatSync(file).size);
      for (let at = 0; at < bytes.byteLength; ) {
        const step = new Uint8Array(bytes, at, Math.min(readStepBytes, bytes.byteLength - at));
        const count = readSync(file, step, 0, step.length, at);
        if (count === 0) throw new Error('it became shorter while it was read');
        at += count;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new Problem('file-unreadable', `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}
