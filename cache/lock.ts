import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { errorCode, fileProblem, makeFolder } from './file-problem.ts';
import { processStat } from './process-stat.ts';
import { readRegular } from './regular-file.ts';
import { removeFile } from './remove.ts';
import { ownPath } from './store-border.ts';

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

interface Claim extends LockOwner {
  /** Changes when the machine restarts. */
  bootId: string;
  /** Process ids are only comparable within one namespace: containers on one host have their own. */
  pidSpace: string;
  /** In clock ticks since the machine started: tells a process from a later one with the same id. */
  pidStart: string;
  token: string;
}

const beatSeconds = 5;
/** Without a heartbeat for so long, by our own monotonic clock, an owner on another machine counts as dead. */
const deadAfterSeconds = 60;

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
  const isHeld = (): boolean => parse(readText(path))?.token === claim.token;
  claim.held += 1;
  claim.paths.add(path);
  let released = false;
  return {
    key,
    isHeld,
    release: () => {
      if (released) return;
      released = true;
      claim.held -= 1;
      claim.paths.delete(path);
      // Right after a heartbeat nobody can have taken the lock, so there is no need to look.
      if (monotonic() - claim.beatAt > deadAfterSeconds / 2 && !isHeld()) return;
      removeFile(path);
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

function beat(claim: OwnClaim): void {
  claim.beat += 1;
  try {
    if (!claim.separate) restore(claim);
  } catch {
    // As below.
  }
  for (const path of claim.separate ?? [claim.path]) beatFile(path, claim.text(claim.beat));
  claim.beatAt = monotonic();
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
  const self = thisProcess();
  if (claim && claim.host === self.host && claim.bootId === self.bootId && claim.pidSpace === self.pidSpace) {
    return !livesSince(claim.pid, claim.pidStart);
  }
  const before = seen.get(path);
  if (before?.text !== text) {
    seen.set(path, { text, since: now() });
    return false;
  }
  if (now() - before.since < deadAfterSeconds) return false;
  seen.delete(path);
  return true;
}

let self: Omit<Claim, 'owner' | 'token'> | undefined;

function thisProcess(): Omit<Claim, 'owner' | 'token'> {
  self ??= {
    pid: process.pid,
    host: hostname(),
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    pidSpace: pidSpace(),
    pidStart: processStat(process.pid)?.startTicks ?? '',
  };
  return self;
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // Only Linux has namespaces.
    return '';
  }
}

/** Whether the process with that id lives and is the one that started then; of one that hides its start, whether it lives. */
function livesSince(pid: number, start: string): boolean {
  const stat = processStat(pid);
  if (stat) return !stat.hasEnded && (start === '' || stat.startTicks === start);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
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
