import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { environment } from '../support/cli.ts';
import type { Asked, PowerProject, Told } from './story.ts';

const program = promisify(execFile);

/** What is asked after the power came back. */
interface Question {
  readonly project: PowerProject;
  /** Where the disk is mounted. */
  readonly root: string;
  readonly image: string;
  /** A folder for what is said. */
  readonly notes: string;
  readonly asked: Asked;
  /** What was told before the power went. */
  readonly told: readonly Told[];
  readonly verifiesFirst: boolean;
}

/** What is wrong with a disk that lost its power, each in a sentence: nothing, for one that kept every promise. */
export async function judgeCut(question: Question): Promise<string[]> {
  const { notes } = question;
  try {
    await askOnDisk(question);
  } catch (error) {
    return [`it cannot be told: ${String(error)}`];
  }
  const note = (name: string): string => readFileSync(join(notes, name), 'utf8');
  const code = note('run.code').trim();
  if (code !== '0') return [`the next run ended with ${code}: ${note('run.stderr').trim()}`];
  return [...faultsOfStore(note('verify'), question.told), ...faultsOfRun(note('run'), note('data'), question)];
}

/** Mounts the disk where it was, in a world of its own, and lets the real program say what it finds. */
async function askOnDisk({ project, root, image, notes, asked, verifiesFirst }: Question): Promise<void> {
  const main = join(packageRoot(), 'dist', 'runner', 'cli', 'main.js');
  const pipeline = (args: readonly string[], note: string): string =>
    `${[process.execPath, main, ...args].map(quoted).join(' ')} >${note} 2>${note}.stderr; echo $? >${note}.code`;
  const [verify, run] = [
    pipeline(['cache', 'verify', ...project.inStore], '"$NOTES/verify"'),
    pipeline(project.runArgs(asked), '"$NOTES/run"'),
  ];
  const script = [
    'mount -o loop,noatime "$IMAGE" "$ROOT" || exit 32',
    'cat "$DATA/numbers" >"$NOTES/data" 2>/dev/null || exit 33',
    ...(verifiesFirst ? [verify, run] : [run, verify]),
    'exit 0',
  ];
  const env = environment({ IMAGE: image, ROOT: root, NOTES: notes, DATA: project.data });
  await program('unshare', ['--mount', 'sh', '-c', script.join('\n')], { cwd: project.folder, env, timeout: 120_000 });
}

/** Code that was frozen is made again when it is not whole; data that were written over since are no longer what was taken. */
function faultsOfStore(verified: string, told: readonly Told[]): string[] {
  const isTaken = told.some(({ what }) => what.startsWith('take '));
  const lines = verified.split('\n').filter((line) => /^(?:damaged file|damaged record|incomplete result)/.test(line));
  return lines.filter((line) => isTaken || !line.startsWith('incomplete result of take '));
}

function faultsOfRun(said: string, data: string, { asked, told }: Question): string[] {
  const events = said
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; fingerprint: string; results?: unknown });
  const ranAgain = new Set(events.filter(({ type }) => type === 'node-queued').map(({ fingerprint }) => fingerprint));
  const lost = told
    .filter(({ fingerprint }) => ranAgain.has(fingerprint))
    .map(({ what }) => `lost after it was told of: ${what}`);
  const results = JSON.stringify(numbersIn(events.find(({ type }) => type === 'run-finished')?.results));
  const right = JSON.stringify(reference(asked, data));
  return results === right ? lost : [...lost, `wrong results: ${results}, not ${right}`];
}

/** The same as the pipeline, without cache, store or files. */
function reference({ n, steps }: Asked, data: string): Record<string, number[]> {
  const sequence = (to: number): number => Array.from({ length: to }, (_, i) => `${i + 1}\n`).join('').length;
  const count = (length: number): number[] => Array.from({ length }, (_, i) => i);
  return {
    sizes: count(n).map((i) => sequence(100 + i) + sequence(3000 + i) + `${i}\n`.length),
    scores: count(steps).map((i) => sequence((i + 1) * 1500)),
    total: [data.split('\n').reduce((total, line) => total + Number(line), 0)],
  };
}

function numbersIn(results: unknown): Record<string, number[]> {
  const named = Object.entries((results ?? {}) as Record<string, unknown>);
  const numbers = (value: unknown): number[] => {
    if (typeof value === 'number') return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbers) : [];
  };
  return Object.fromEntries(
    ['sizes', 'scores', 'total'].map((name) => [name, numbers(Object.fromEntries(named)[name])]),
  );
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
