import {
  closeSync,
  constants,
  existsSync,
  fdatasync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isEntryPath } from '../../cache/border.ts';
import { isTable } from '../../cache/canonical-json.ts';
import { isDigest } from '../../cache/digest.ts';
import { syncAll } from '../../cache/durable.ts';
import { fileProblem } from '../../cache/file-problem.ts';
import { Problem } from '../../cache/problem.ts';
import { ownPath } from '../../cache/store-border.ts';
import { endTornLine, readJsonLines } from '../files/json-lines.ts';
import { Lines } from '../files/lines.ts';
import { type Event, eventFormat } from './events.ts';

const datasync = promisify(fdatasync);
const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;

/** The log of one run, one JSON line per event, written by its driver alone. */
export interface RunLog {
  readonly run: string;
  readonly folder: string;
  append(event: Event): void;
  /**
   * Ends when all that was appended before is on the disk, if any of it says that something was made: a run that made nothing new
   * has nothing to lose. Throws a `Problem`.
   */
  settle(): Promise<void>;
  close(): void;
}

/** What a run was started with; kept beside its log so that it can be resumed. */
export interface RunRequest {
  readonly pipeline: string;
  /** The name or path as it was given on the command line. */
  readonly name: string;
  readonly file: string;
  readonly overrides: readonly string[];
  readonly profile?: string;
  readonly until?: string;
  readonly executor?: string;
  readonly startedAt: string;
}

/** Makes the folder of a new run, numbered after the newest. Two drivers at once get two numbers. */
export function createRun(root: string): { run: string; folder: string } {
  const runs = join(root, 'runs');
  mkdirSync(runs, { recursive: true });
  for (let number = newestNumber(runs) + 1; ; number += 1) {
    const run = String(number).padStart(4, '0');
    try {
      mkdirSync(join(runs, run));
      return { run, folder: join(runs, run) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileProblem(error, join(runs, run));
    }
  }
}

/** So many events may wait to be written together. */
const mostHeldBack = 100;

export function openLog(root: string, run: string): RunLog {
  return new FileLog(ownPath(join(root, 'runs'), run), run);
}

class FileLog implements RunLog {
  readonly run: string;
  readonly folder: string;
  readonly #file: number;
  readonly #lines = new Lines((text) => void writeSync(this.#file, text), mostHeldBack);
  #isNew = true;
  /** Something was made since this log was opened: what is said of it must not be lost. */
  #hasMade = false;
  #isUnsettled = false;

  constructor(folder: string, run: string) {
    this.run = run;
    this.folder = folder;
    const path = logPath(folder);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw linkedLog(path);
    endTornLine(path);
    this.#file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW, 0o666);
  }

  append(event: Event): void {
    this.#lines.add(JSON.stringify(event));
    // That something is known any other driver finds out for itself: nothing is lost when the last of these are.
    if (event.type !== 'node-cached') this.#lines.flush();
    const isMade = event.type === 'node-finished' || event.type === 'item-released';
    this.#hasMade ||= isMade;
    this.#isUnsettled ||= isMade || (this.#hasMade && event.type === 'run-finished');
  }

  async settle(): Promise<void> {
    if (!this.#isUnsettled) return;
    this.#isUnsettled = false;
    try {
      await datasync(this.#file);
      if (this.#isNew) await syncAll([requestPath(this.folder), this.folder, dirname(this.folder)].filter(existsSync));
      this.#isNew = false;
    } catch (cause) {
      throw fileProblem(cause, logPath(this.folder));
    }
  }

  close(): void {
    try {
      this.#lines.flush();
    } finally {
      closeSync(this.#file);
    }
  }
}

function linkedLog(path: string): Problem {
  return new Problem('store-leaves', `${path} is a link: the log would be written outside of the store.`, {
    hint: 'Remove the link.',
  });
}

/** All events of a run; none before its driver begins. */
export function readEvents(folder: string): Event[] {
  return readJsonLines(logPath(folder), asEvent);
}

/** What a run was started with, as JSON. */
export function requestPath(runFolder: string): string {
  return join(runFolder, 'run.json');
}

export function logPath(runFolder: string): string {
  return join(runFolder, 'events.jsonl');
}

export function listRuns(root: string): string[] {
  const runs = join(root, 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs, { withFileTypes: true })
    .flatMap((entry) => (!entry.isSymbolicLink() && isRunNumber(entry.name) ? [entry.name] : []))
    .sort((a, b) => Number(a) - Number(b));
}

/** Undefined for what is no event of ours: nobody who folds events has to ask again. Throws `newer-log`. */
export function asEvent(line: unknown): Event | undefined {
  if (!isTable(line) || typeof line.type !== 'string' || typeof line.time !== 'string') return undefined;
  if (!hasItsFields(line.type, line) || !staysInside(line)) return undefined;
  const event = line as unknown as Event;
  refuseNewer(event);
  return Number.isNaN(Date.parse(event.time)) ? undefined : event;
}

/** A fingerprint is a digest, and a job's folder and log lie in the run's: another writer's line is passed over. */
function staysInside({ fingerprint, job, log }: Readonly<Record<string, unknown>>): boolean {
  const isDigestOrNone = fingerprint === undefined || isDigest(fingerprint);
  return isDigestOrNone && [job, log].every((path) => path === undefined || isEntryPath(path));
}

function hasItsFields(type: string, line: Readonly<Record<string, unknown>>): boolean {
  switch (type) {
    case 'run-started':
      return typeof line.pipeline === 'string' && Array.isArray(line.nodes) && line.nodes.every(isNamed);
    case 'run-finished':
      return typeof line.status === 'string' && isTable(line.results);
    case 'warning':
      return typeof line.message === 'string';
    case 'node-cached':
      return isNamed(line) && (line.accepted === undefined || isAcceptance(line.accepted));
    case 'node-failed':
      return isNamed(line) && isTable(line.failure) && typeof line.failure.message === 'string';
    default:
      return !/^(?:node|item|service)-/.test(type) || isNamed(line);
  }
}

function isAcceptance(value: unknown): boolean {
  if (!isTable(value) || !isDigest(value.as)) return false;
  return [value.run, value.by, value.why ?? ''].every((word) => typeof word === 'string');
}

function isNamed(node: unknown): boolean {
  if (!isTable(node) || typeof node.address !== 'string') return false;
  return node.label === undefined || typeof node.label === 'string';
}

function refuseNewer(event: Event): void {
  if (event.type === 'run-started' && event.format > eventFormat) {
    throw new Problem('newer-log', `Run ${event.run} was written by a newer version of this program.`, {
      hint: 'Update the package.',
    });
  }
}

function newestNumber(runs: string): number {
  return Math.max(0, ...readdirSync(runs).map((name) => (isRunNumber(name) ? Number(name) : 0)));
}

/** So many digits are a number that one can be added to. */
function isRunNumber(name: string): boolean {
  return /^\d{4,12}$/.test(name);
}
