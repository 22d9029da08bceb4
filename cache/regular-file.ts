import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync, writeSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './file-problem.ts';
import { Problem } from './problem.ts';

/*
 * Jobs, people and programs of theirs leave anything under the names that we read. Opening a pipe waits for somebody who
 * writes, reading a device may never end: what is no file is refused before it is opened, and again once it is open.
 */

/** What is needed to open what is expected to be a file without waiting for anybody. */
const safely = constants.O_NONBLOCK | constants.O_NOCTTY;

/** Opens a file to read it. Throws `not-a-file`; as `open` does when there is none. */
export function openRegular(path: string): number {
  return openAs(path, constants.O_RDONLY | safely);
}

/** The same for what was just seen to be a file, which is not looked at first: on a shared file system each look is a journey. */
export function openSeen(path: string): number {
  return checked(path, openSync(path, constants.O_RDONLY | safely));
}

/** The bytes of a file. Throws `not-a-file`; as `readFile` does when there is none. */
export function readRegularBytes(path: string): Buffer {
  const file = openRegular(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The text of a file. Throws `not-a-file`; as `readFile` does when there is none. */
export function readRegular(path: string): string {
  const file = openRegular(path);
  try {
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** Appends to a file, which is made if there is none. Throws `not-a-file`. */
export function appendRegular(path: string, text: string): void {
  const file = openAs(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | safely);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** Throws `not-a-file` when a path, a link at it followed, or anything below it is neither a file nor a folder. */
export async function refuseSpecial(path: string): Promise<void> {
  const found = await look(path);
  if (found === undefined || found.isFile()) return;
  if (!found.isDirectory()) throw notAFile(path, found);
  const children = await readdir(path, { withFileTypes: true }).catch(() => []); // said by whoever reads it
  for (const child of children) {
    const full = join(path, child.name);
    if (child.isFile()) continue;
    if (child.isDirectory()) await refuseSpecial(full);
    else await refuseSpecialTarget(full);
  }
}

/** A link to a folder is kept as a link, so that what lies below its target is not looked at here. */
async function refuseSpecialTarget(path: string): Promise<void> {
  const found = await look(path);
  if (found && !found.isFile() && !found.isDirectory()) throw notAFile(path, found);
}

async function look(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ELOOP') throw loop(path);
    return undefined; // none, or a link to none: said by whoever needs it
  });
}

function openAs(path: string, flags: number): number {
  const found = lookNow(path);
  if (found && !found.isFile()) throw notAFile(path, found);
  return checked(path, openSync(path, flags, 0o666));
}

function checked(path: string, file: number): number {
  const opened = fstatSync(file);
  if (opened.isFile()) return file;
  closeSync(file);
  throw notAFile(path, opened);
}

function lookNow(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === 'ELOOP') throw loop(path);
    return undefined; // said when it is opened
  }
}

function loop(path: string): Problem {
  return new Problem('not-a-file', `${path} is a link that leads back to itself.`);
}

function notAFile(path: string, stats: Stats): Problem {
  return new Problem('not-a-file', `${path} is ${kindOf(stats)}, where a file belongs.`, {
    hint: 'Write a file there; a pipe or a socket belongs into a folder for temporary files.',
  });
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
