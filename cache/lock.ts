import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { errorCode, fileProblem, makeFolder } from './file-problem.ts';
import { fileSystemOf } from './file-system.ts';
import { readRegular } from './regular-file.ts';
import { removeFile } from './remove.ts';
import { ownPath } from './store-border.ts';
import { isAlive, isSameSpace, type ProcessIdentity, thisProcess } from './this-process.ts';

/** Who holds a lock. `owner` is the caller's word for itself, for example a run's number. */
export interface LockOwner {
  owner: string;
  pid: number;
  host: string;
}

export interface Lock {
  readonly key: string;
  /** False when another process took the lock over, because this one stood still for too long. */
  isHeld(): boolean;
  release(): void;
}

interface Claim extends ProcessIdentity {
  readonly owner: string;
  readonly token: string;
}

const beatSeconds = 5;
/** Without a heartbeat for so long, by our own monotonic clock, an owner on another machine counts as dead. */
const deadAfterSeconds = 60;
/** A claim is written before it is linked: one that is not whole on a disk of this machine was torn by a loss of power. */
const tornAfterSeconds = 0.5;

export interface LockOptions {
  owner: string;
  /** Stands in for the monotonic clock. */
  monotonicSeconds?: () => number;
}

/**
 * Takes the lock on `key`, or gives `undefined` when somebody else holds it.
 *
 *     folder/claims/<token>   one file per process: who it is, and a heartbeat that it rewrites
 *     folder/<key>            a hard link to the claim of whoever holds the key
 *     folder/<key>~<token>    a lock on the right to take <key> away from the owner with <token>, who is dead
 *
 * A link appears whole or not at all, and one write keeps all locks of a process alive. An owner on this machine is
 * dead when its process is; an owner elsewhere is dead when its heartbeat stood still for a minute of our own time.
 * Wall clocks are never compared.
 */
export function acquireLock(folder: string, key: string, options: LockOptions): Lock | undefined {
  const path = join(folder, fileName(key));
  try {
    const claim = claimIn(folder, options.owner);
    // An old heartbeat may be one that somebody has watched for a minute already.
    if (claim.held === 0 && monotonic() - claim.beatAt > beatSeconds) beat(claim);
    return takeOrInherit(path, claim, options.monotonicSeconds ?? monotonic, 0) ? lockAt(path, key, claim) : undefined;
  } catch (cause) {
    throw fileProblem(cause, path);
  }
}

/** Who holds the lock on `key`, dead or alive. */
export function lockOwner(folder: string, key: string): LockOwner | undefined {
  const claim = parse(readText(join(folder, fileName(key))));
  return claim && { owner: claim.owner, pid: claim.pid, host: claim.host };
}

/** Whether somebody who may be alive holds the lock on `key`. */
export function isLocked(folder: string, key: string): boolean {
  const path = join(folder, fileName(key));
  const text = readText(path);
  return text !== undefined && !isDead(path, text, monotonic);
}

/** At most so many takers died while taking over from one another; more is no accident. */
const longestInheritance = 8;

function takeOrInherit(path: string, claim: OwnClaim, now: () => number, depth: number): boolean {
  if (take(path, claim)) return true;
  const text = readText(path);
  if (text === undefined) return take(path, claim);
  const token = parse(text)?.token;
  if (!isDead(path, text, now) || depth > longestInheritance) return false;

  // Only who holds this second lock may remove the dead owner's, so nobody can remove the one that replaces it.
  const right = `${path}~${token ?? 'unreadable'}`;
  if (!takeOrInherit(right, claim, now, depth + 1)) return false;
  try {
    if (readText(path) !== text) return false;
    unlinkSync(path);
    return take(path, claim);
  } finally {
    rmSync(right, { force: true });
  }
}

function lockAt(path: string, key: string, claim: OwnClaim): Lock {
  const { gaps } = claim;
  let released = false;
  const isHeld = (): boolean => {
    const text = readText(path);
    if (text !== undefined) return parse(text)?.token === claim.token;
    // Whoever cleans up may have removed it. Had somebody else taken us for dead, and be done by now, our heartbeat had a gap.
    return !released && gaps === claim.gaps && !hasGap(claim) && take(path, claim);
  };
  claim.held += 1;
  claim.paths.add(path);
  return {
    key,
    isHeld,
    release: () => {
      if (released) return;
      released = true;
      claim.held -= 1;
      claim.paths.delete(path);
      // A process that stood still, and has just come back, may find the lock of another there.
      if (isHeld()) removeFile(path);
      if (claim.separate) claim.separate.delete(path);
    },
  };
}

// ---- claims: this process, in a file

interface OwnClaim {
  path: string;
  text: (beat: number) => string;
  token: string;
  beat: number;
  beatAt: number;
  /** The same by a clock that goes on while the machine sleeps. */
  beatUptime: number;
  /** How often heartbeats stood still for so long that others may have seen it. */
  gaps: number;
  held: number;
  /** Of the locks that are held. */
  readonly paths: Set<string>;
  /** Locks that are files of their own, where the file system has no hard links. */
  separate: Set<string> | undefined;
}

const ownClaims = new Map<string, OwnClaim>();
let heartbeat: NodeJS.Timeout | undefined;

function claimIn(folder: string, owner: string): OwnClaim {
  const name = `${folder}\0${owner}`;
  const known = ownClaims.get(name);
  if (known) return known;
  const token = randomBytes(8).toString('hex');
  const identity: Claim = { owner, ...thisProcess(), token };
  const path = join(folder, 'claims', token);
  const text = (beat: number): string => `${JSON.stringify(identity)}\n${String(beat).padStart(12, '0')}`;
  mkdirSync(ownPath(folder, 'claims'), { recursive: true });
  writeFileSync(path, text(0), { flag: 'wx' });
  const claim: OwnClaim = {
    path,
    text,
    token,
    beat: 0,
    beatAt: monotonic(),
    beatUptime: uptime(),
    gaps: 0,
    held: 0,
    paths: new Set(),
    separate: undefined,
  };
  ownClaims.set(name, claim);
  if (!heartbeat) {
    heartbeat = setInterval(beatAll, beatSeconds * 1000).unref();
    process.once('exit', removeClaims);
  }
  return claim;
}

function beatAll(): void {
  for (const claim of ownClaims.values()) if (claim.held > 0) beat(claim);
}

/** Others watch for a minute: half of one is on the safe side. */
function hasGap({ beatAt, beatUptime }: OwnClaim): boolean {
  return Math.max(monotonic() - beatAt, uptime() - beatUptime) > deadAfterSeconds / 2;
}

function beat(claim: OwnClaim): void {
  if (hasGap(claim)) claim.gaps += 1;
  claim.beat += 1;
  try {
    if (!claim.separate) restore(claim);
  } catch {
    // As below.
  }
  for (const path of [...(claim.separate ?? [claim.path])]) {
    // After a gap a lock that is a file of its own may be another's file by now.
    if (isAnothers(path, claim)) claim.separate?.delete(path);
    else beatFile(path, claim.text(claim.beat));
  }
  claim.beatAt = monotonic();
  claim.beatUptime = uptime();
}

function isAnothers(path: string, claim: OwnClaim): boolean {
  try {
    const token = claim.separate && parse(readText(path))?.token;
    return token !== undefined && token !== claim.token;
  } catch {
    return false; // it cannot be read for a while: then it cannot be written either
  }
}

function removeClaims(): void {
  for (const { path } of ownClaims.values()) rmSync(path, { force: true });
}

/** In place: the locks are links to this file. The text always has the same length, so one write replaces all of it. */
function beatFile(path: string, text: string): void {
  try {
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.from(text), 0, Buffer.byteLength(text), 0);
    closeSync(file);
  } catch {
    // A folder that is gone or read-only for a while: `isHeld` tells the truth to whoever asks.
  }
}

/** Creates the lock's file, whole; false when there is one. */
function take(path: string, claim: OwnClaim): boolean {
  try {
    if (!claim.separate) {
      linkSync(claim.path, path);
      return true;
    }
    writeFileSync(path, claim.text(claim.beat), { flag: 'wx' });
    claim.separate.add(path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT' && restore(claim)) return take(path, claim);
    if (claim.separate || !['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EOPNOTSUPP'].includes(code ?? '')) throw error;
    claim.separate = new Set([claim.path]);
    return take(path, claim);
  }
}

/**
 * Makes a claim anew that somebody who cleans up has removed; false when it is there. Locks that are held are links to the old
 * file, so it comes back from one of them: one heartbeat keeps all alive.
 */
function restore(claim: OwnClaim): boolean {
  if (existsSync(claim.path)) return false;
  const claims = dirname(claim.path);
  makeFolder(dirname(claims)); // not what is above: a store that is gone stays gone
  makeFolder(claims);
  for (const path of claim.paths) {
    try {
      linkSync(path, claim.path);
      return true;
    } catch {
      // It was removed as well.
    }
  }
  writeFileSync(claim.path, claim.text(claim.beat));
  return true;
}

// ---- others: dead or alive

const seen = new Map<string, { text: string; since: number }>();

function isDead(path: string, text: string, now: () => number): boolean {
  const claim = parse(text);
  if (claim && isSameSpace(claim, thisProcess())) return !isAlive(claim);
  const before = seen.get(path);
  if (before?.text !== text) {
    seen.set(path, { text, since: now() });
    return false;
  }
  if (now() - before.since < (claim === undefined && isOnOwnDisk(path) ? tornAfterSeconds : deadAfterSeconds))
    return false;
  seen.delete(path);
  return true;
}

function isOnOwnDisk(path: string): boolean {
  return fileSystemOf(dirname(path)).kind === 'local';
}

function parse(text: string | undefined): Claim | undefined {
  try {
    return text ? (JSON.parse(text.slice(0, text.indexOf('\n'))) as Claim) : undefined;
  } catch {
    // A reader on another machine may meet a half-written claim: it counts as one that moves.
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readRegular(path);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

function monotonic(): number {
  return performance.now() / 1000;
}

function fileName(key: string): string {
  return key.replaceAll(/[^A-Za-z0-9._-]/g, '-');
}
