import { execFileSync } from 'node:child_process';
import { mkdirSync, openSync, closeSync, fsyncSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { packageRoot } from '../../tasks/core/package-root.ts';
import { startProgram } from '../support/cli.ts';

/** What a run was asked for. */
export interface Asked {
  readonly n: number;
  readonly steps: number;
}

/** A result that was told of: whoever saw that may rely on it. */
export interface Told {
  readonly fingerprint: string;
  /** Its task and where it stands, for people. */
  readonly what: string;
  /** Bytes of the disk's log when it was told. */
  readonly at: number;
  /** From then on nothing is said of it any more: what it was made from has changed. */
  until: number;
}

/** What was done on a disk, with the bytes of its log at each point. */
export interface Story {
  readonly told: readonly Told[];
  /** The runs, by when they began. */
  readonly runs: readonly { readonly asked: Asked; readonly at: number }[];
}

/** Tasks of every sort of output: folders, values, a stream of a task that goes on later, files that stay where they lie. */
const pipelineText = `
import { z } from 'zod';
import { pipeline, range } from 'stet/pipeline';
import { stream, task } from 'stet/task';
import { folder, folderInPlace } from 'stet/kinds/folder';

const sh = (script: string, ...words: string[]) => ['sh', '-euc', script, 'sh', ...words];
const make = task({
  name: 'make', inputs: { i: z.int() }, outputs: { files: folder },
  command: ({ i }, out) => sh('mkdir "$1"; seq 1 $((100 + $2)) >"$1/a"; seq 1 $((3000 + $2)) >"$1/b"; echo "$2" >"$1/c"', out.files, String(i)),
});
const measure = task({
  name: 'measure', inputs: { files: folder }, outputs: { bytes: z.int() },
  command: ({ files }, out) => sh('cat "$1"/* | wc -c >"$2"', files.path, out.bytes),
});
const take = task({ name: 'take', version: '1', inputs: { path: z.string() }, outputs: { data: folderInPlace }, run: async ({ path }) => ({ data: path }) });
const sum = task({
  name: 'sum', inputs: { data: folder }, outputs: { total: z.int() },
  command: ({ data }, out) => sh('awk "{ s += \\\\$1 } END { print s }" "$1/numbers" >"$2"', data.path, out.total),
});
const train = task({
  name: 'train', inputs: { steps: z.int() }, outputs: { checkpoints: stream(folder) }, onPreempt: 'resume',
  command: ({ steps }, out) => ['sh', '-eu', 'train.sh', out.checkpoints, String(steps)],
});

export default pipeline('work', { data: z.string(), n: z.int(), steps: z.int() }, ({ data, n, steps }) => ({
  sizes: range(n).map((i) => measure({ files: make({ i }).files }).bytes),
  scores: train({ steps }).checkpoints.each((files) => measure({ files }).bytes),
  total: sum({ data: take({ path: data }).data }).total,
}));
`;

/** Keeps its two newest checkpoints, syncs what it writes, and goes on where it was: as a trainer should. It waits for its watcher. */
const trainer = `out=$1 steps=$2
mkdir -p "$out"
i=$(cat "$out/.state" 2>/dev/null || echo 0)
while [ "$i" -lt "$steps" ]; do
  i=$((i + 1))
  rm -rf "$out/.aside" "$out/$i"; mkdir "$out/.aside"; seq 1 $((i * 1500)) >"$out/.aside/w"
  sync "$out/.aside/w" "$out/.aside"; mv "$out/.aside" "$out/$i"; sync "$out"
  echo "$i" >"$out/.state.new"; sync "$out/.state.new"; mv "$out/.state.new" "$out/.state"; sync "$out"
  until grep -qs "\\"key\\":\\"$i\\"" "$out/../../released.jsonl"; do sleep 0.05; done
  rm -rf "$out/$((i - 2))"
done
`;

/** A project beside the disk. What is on it has one name wherever it is mounted, so that all paths stay as they are. */
export class PowerProject {
  readonly folder: string;
  readonly root: string;

  constructor(folder: string, root: string) {
    this.folder = folder;
    this.root = root;
    const home = packageRoot();
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    mkdirSync(join(folder, 'pipelines'));
    symlinkSync(home, join(folder, 'node_modules', 'stet'));
    symlinkSync(join(home, 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(folder, 'pipelines', 'work.ts'),
      pipelineText.replace("'train.sh'", JSON.stringify(join(folder, 'train.sh'))),
    );
    writeFileSync(join(folder, 'train.sh'), trainer);
  }

  get data(): string {
    return join(this.root, 'data');
  }

  runArgs({ n, steps }: Asked): string[] {
    return ['run', 'work', `data=${this.data}`, `n=${n}`, `steps=${steps}`, '--jobs', '4', '--json', ...this.inStore];
  }

  get inStore(): string[] {
    return ['--store', join(this.root, 'store')];
  }
}

/** Makes the store, and sees to it that it is on the disk: without a store there would be nothing to lose. */
export async function makeStore({ folder, inStore, root }: PowerProject): Promise<void> {
  await ended(startProgram(['cache', 'stat', ...inStore], { cwd: folder, env: {} }));
  execFileSync('sync', ['-f', root]);
}

interface Teller {
  readonly project: PowerProject;
  readonly logBytes: () => number;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs, a dataset that is written over in place, a driver that is killed, and results that are collected. */
export async function tellStory({ project, logBytes, env }: Teller): Promise<Story> {
  const told: Told[] = [];
  const runs: { asked: Asked; at: number }[] = [];
  const run = async (asked: Asked, { killAfter = Infinity } = {}): Promise<void> => {
    runs.push({ asked, at: logBytes() });
    await listen(project, asked, {
      env,
      killAfter,
      heard: (line) => told.push({ ...line, at: logBytes(), until: Infinity }),
    });
  };
  const untold = (...tasks: string[]): void => {
    for (const one of told)
      if (tasks.length === 0 || tasks.some((task) => one.what.startsWith(task)))
        one.until = Math.min(one.until, logBytes());
  };

  mkdirSync(project.data);
  overwrite(project, 1, { isSynced: true });
  await run({ n: 3, steps: 2 });
  untold('take');
  overwrite(project, 2, { isSynced: false });
  await delay(2100); // so long a file must rest before its times stand for its content
  await run({ n: 3, steps: 2 });
  await run({ n: 5, steps: 4 }, { killAfter: 4 });
  await run({ n: 5, steps: 4 });
  await run({ n: 6, steps: 2 });
  untold();
  await ended(
    startProgram(['cache', 'collect', '--older-than', '0', ...project.inStore], { cwd: project.folder, env }),
  );
  return { told, runs };
}

/** A thousand lines that all hold one number, in place: of a file that is half old and half new the sum is neither. */
function overwrite({ data }: PowerProject, value: number, { isSynced }: { isSynced: boolean }): void {
  const path = join(data, 'numbers');
  const file = openSync(path, isSynced ? 'w' : 'r+');
  writeSync(file, `${value}\n`.repeat(8192), 0);
  if (isSynced) fsyncSync(file);
  closeSync(file);
  if (!isSynced) return;
  const folder = openSync(data, 'r');
  fsyncSync(folder);
  closeSync(folder);
}

interface Heard {
  readonly fingerprint: string;
  readonly what: string;
}

/** Drives a run, and hears what it tells; kills its driver after so many results. */
async function listen(
  project: PowerProject,
  asked: Asked,
  { env, killAfter, heard }: { env: Teller['env']; killAfter: number; heard: (line: Heard) => void },
): Promise<void> {
  const child = startProgram(project.runArgs(asked), { cwd: project.folder, env });
  const tasks = new Map<string, string>();
  let [count, rest] = [0, ''];
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as { type: string; address: string; task: string; fingerprint: string };
      if (event.type === 'node-queued') tasks.set(event.address, event.task);
      if (event.type !== 'node-finished') continue;
      heard({ fingerprint: event.fingerprint, what: `${tasks.get(event.address)} ${event.address}` });
      count += 1;
      if (count === killAfter) child.kill('SIGKILL');
    }
  });
  const { code, words } = await ended(child);
  if (count < killAfter && code !== 0) throw new Error(`pipeline run failed while the disk was recorded: ${words}`);
}

async function ended(child: ReturnType<typeof startProgram>): Promise<{ code: number | null; words: string }> {
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  child.stdout.resume();
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, words };
}
