import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './file-problem.ts';
import { processStat } from './process-stat.ts';

/** Where processes have the same ids: in one namespace of a machine, between two of its starts. */
export interface ProcessSpace {
  readonly host: string;
  /** Changes when the machine restarts. */
  readonly bootId: string;
  /** Process ids are only comparable within one namespace: containers on one host have their own. */
  readonly pidSpace: string;
}

/** A process, told from all others anywhere. */
export interface ProcessIdentity extends ProcessSpace {
  readonly pid: number;
  /** In clock ticks since the machine started: tells a process from a later one with the same id. */
  readonly pidStart: string;
}

let known: ProcessIdentity | undefined;

export function thisProcess(): ProcessIdentity {
  known ??= {
    pid: process.pid,
    host: hostname(),
    bootId: bootId(),
    pidSpace: pidSpace(),
    pidStart: processStat(process.pid)?.startTicks ?? '',
  };
  return known;
}

export function isSameSpace(a: ProcessSpace, b: ProcessSpace): boolean {
  return a.host === b.host && a.bootId === b.bootId && a.pidSpace === b.pidSpace;
}

/** Whether a process of our own space lives; of one that hides its start, whether its id does. */
export function isAlive({ pid, pidStart }: Pick<ProcessIdentity, 'pid' | 'pidStart'>): boolean {
  const stat = processStat(pid);
  if (stat) return !stat.hasEnded && (pidStart === '' || stat.startTicks === pidStart);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // only Linux has one
  }
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // only Linux has namespaces
  }
}
