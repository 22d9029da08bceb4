import type { Writable } from 'node:stream';
import { messageOf } from '../../cache/problem.ts';
import type { Doors } from '../executors/door.ts';

/** What every command gets of the outside: where it was started, where it may write, and the options that all share. */
export interface Io {
  readonly cwd: string;
  /** The store's folder, when `--store` names one. */
  readonly storeFolder: string | undefined;
  readonly verbose: boolean;
  /** The executors that come with the program. */
  readonly doors: Doors;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Writes one line, or several, to standard output. */
  readonly print: (text: string) => void;
  /** Writes one line to standard error, marked as a warning; the same words once. */
  readonly warn: (message: string) => void;
  /** Leads warnings elsewhere, until it is called with nothing. */
  readonly leadWarnings: (to: ((message: string) => void) | undefined) => void;
}

/** A stream that may be a terminal. */
export interface Terminal {
  readonly stream: Writable;
  readonly isLive: boolean;
  readonly hasColor: boolean;
  /** Columns and rows now; ask again after a resize. */
  readonly size: () => { columns: number; rows: number };
  readonly write: (text: string) => void;
  readonly writeBytes: (bytes: Uint8Array) => void;
}

export interface IoOptions {
  readonly store?: string;
  readonly verbose?: boolean;
  readonly color?: boolean;
}

export function openIo({ store, verbose = false, color = true }: IoOptions, doors: Doors = {}): Io {
  const stderr = openTerminal(process.stderr, color, () => {});
  const stdout = openTerminal(process.stdout, color, (message) => {
    stderr.write(`warning: Nothing more is printed, because standard output fails: ${message}. All else goes on.\n`);
  });
  const said = new Set<string>();
  let led: ((message: string) => void) | undefined;
  return {
    cwd: process.cwd(),
    storeFolder: store,
    verbose,
    doors,
    stdout,
    stderr,
    print: (text) => stdout.write(`${text}\n`),
    warn: (message) => {
      if (said.has(message)) return;
      said.add(message);
      if (led) led(message);
      else stderr.write(`warning: ${message}\n`);
    },
    leadWarnings: (to) => void (led = to),
  };
}

/** https://no-color.org: any value of NO_COLOR that is not empty turns colour off; FORCE_COLOR turns it on for pipes. */
function openTerminal(stream: NodeJS.WriteStream, color: boolean, say: (message: string) => void): Terminal {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const isTerminal = stream.isTTY && TERM !== 'dumb';
  let isClosed = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    isClosed = true;
    // The reader left, as `head` or a closed terminal does: what follows has no reader, and that is no failure of ours.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') failed(error.message);
  });
  const failed = (message: string): void => {
    hasFailed = true;
    say(message);
  };
  setWaiting(stream, false);
  const write = (chunk: string | Uint8Array): void => {
    if (isClosed) return;
    try {
      stream.write(chunk);
    } catch (error) {
      isClosed = true; // what a file refuses is thrown
      failed(messageOf(error));
    }
  };
  return {
    stream,
    isLive: isTerminal,
    hasColor: color && !NO_COLOR && (isTerminal || (FORCE_COLOR !== undefined && FORCE_COLOR !== '0')),
    size: () => ({ columns: stream.columns ?? 80, rows: stream.rows ?? 24 }),
    write,
    writeBytes: write,
  };
}

let hasFailed = false;

/** Whether something could not be printed though somebody may read it: the disk of a file was full. */
export function hasPrintFailed(): boolean {
  return hasFailed;
}

/** Waits until all is printed that still can be, then goes on. */
export function whenPrinted(then: () => void): void {
  const all = [process.stdout, process.stderr];
  let left = all.length;
  const printed = (): void => {
    left -= 1;
    if (left > 0) return;
    // What a stream has to say of a write that failed comes after the write's own answer.
    setImmediate(() => {
      for (const stream of all) setWaiting(stream, true); // others may write to the same pipe after us
      then();
    });
  };
  for (const stream of all) {
    if (stream.destroyed) setImmediate(printed);
    else stream.write('', printed);
  }
}

/**
 * Node waits in each write to a pipe, so a reader who stands still (a pager) would hold up the driver, and its claims would be
 * taken for dead. What is not read yet waits in memory instead.
 */
function setWaiting(stream: NodeJS.WriteStream, isWaiting: boolean): void {
  if (stream.isTTY) return;
  const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } };
  handle?.setBlocking?.(isWaiting);
}
