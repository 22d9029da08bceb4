import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listRuns, readEvents } from '../../runner/log/run-log.ts';
import { eventually } from '../support/eventually.ts';
import { FlakySlurm } from '../support/flaky-slurm.ts';
import { SlurmCluster, withoutSlurm } from '../support/slurm.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { compiled, runPipeline } from './program.ts';
import { ms, printTable } from './table.ts';

const jobs = 1000;

/** A fan-out on a real Slurm of four nodes on this machine, against the same jobs as one plain array. */
export async function benchSlurm(): Promise<void> {
  if (withoutSlurm !== false) {
    process.stdout.write(`\n## Slurm\n\nNot measured: ${withoutSlurm}\n`);
    return;
  }
  const cluster = await SlurmCluster.start({ nodes: 4, cpusPerNode: 256 });
  process.env.SLURM_CONF = cluster.env.SLURM_CONF;
  try {
    await inTemporaryFolder(fanOut);
    await inTemporaryFolder(watched);
    await inTemporaryFolder((folder) => adoption(folder, cluster));
  } finally {
    await cluster.down();
  }
}

async function fanOut(folder: string): Promise<void> {
  const shape = compiled('./shapes/separate.js');
  const plain = (): void => {
    const script = `echo "$SLURM_ARRAY_TASK_ID" > ${join(folder, 'plain')}.$SLURM_ARRAY_TASK_ID`;
    const options = ['--parsable', '-o', '/dev/null', `--array=0-${jobs - 1}`];
    const id = execFileSync('sbatch', [...options, '--wrap', script], { encoding: 'utf8' }).trim();
    // `--wait` would do, and looks only every half minute in the end.
    const unfinished = ['squeue', '-h', '-j', id, '-t', 'PENDING,RUNNING,COMPLETING'].join(' ');
    execFileSync('/bin/sh', ['-c', `while [ -n "$(${unfinished})" ]; do sleep 0.2; done`], { stdio: 'ignore' });
  };
  const run = (): void =>
    runPipeline(['run', shape, `n=${jobs}`, '--executor', 'slurm'], { store: join(folder, 'store') });
  const clear = (): void => rmSync(join(folder, 'store'), { recursive: true });
  run();
  clear();
  const { floorMs, runMs, ratio } = await compare(plain, run, { times: 3, reset: clear });
  printTable(
    'fan-out on Slurm',
    ['what', 'sbatch --array', 'stet', 'ratio'],
    [[`${jobs} trivial jobs`, ms(floorMs), ms(runMs), ratio.toFixed(2)]],
  );
}

/** The same once more, with its calls counted and its memory looked at: both would disturb the times. */
async function watched(folder: string): Promise<void> {
  const undo: (() => void)[] = [];
  const flaky = new FlakySlurm({ after: (hook) => void undo.push(hook as () => void) });
  const startedAt = performance.now();
  const driver = startDriver(['run', compiled('./shapes/separate.js'), `n=${jobs}`], folder, flaky.env);
  let peakKb = 0;
  const ended = new Promise<number | null>((resolve) => driver.once('exit', resolve)).then((code) => ({ code }));
  const code = await eventually(
    'the fan-out ends',
    async () => {
      peakKb = Math.max(peakKb, peakOf(driver.pid));
      return await Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, 100, false))]);
    },
    { seconds: 600 },
  );
  if (code.code !== 0) throw new Error(`the fan-out ended with ${code.code}`);
  const minutes = (performance.now() - startedAt) / 60_000;
  const rows = (['sbatch', 'squeue', 'scontrol', 'scancel'] as const).map((command) => {
    const calls = flaky.calls(command).length;
    return [command, String(calls), (calls / minutes).toFixed(0)];
  });
  printTable(`what ${jobs} jobs ask of the controller`, ['command', 'calls', 'per minute'], rows);
  printTable('the driver meanwhile', ['jobs', 'peak memory'], [[String(jobs), `${(peakKb / 1024).toFixed(0)} MB`]]);
  for (const hook of undo) hook();
}

/** From the start of a new driver until it has taken on every job of one that was killed. */
async function adoption(folder: string, cluster: SlurmCluster): Promise<void> {
  const gate = join(folder, 'gate');
  const lock = spawn('flock', [gate, 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const args = ['run', compiled('./shapes/waiting.js'), `n=${jobs}`, `gate=${gate}`];
  const first = startDriver(args, folder, {});
  const started = (): number => of(folder, 'node-started');
  await eventually('all jobs run', () => started() >= jobs, { seconds: 300, told: () => `${started()} run` });
  first.kill('SIGKILL');
  await new Promise((resolve) => first.once('exit', resolve));

  const before = of(folder, 'node-queued');
  const startedAt = performance.now();
  const second = startDriver(['attach'], folder, {});
  await eventually('all are taken on', () => of(folder, 'node-queued') >= before + jobs, { seconds: 120 });
  const took = performance.now() - startedAt;
  lock.stdin.end();
  const code = await new Promise<number | null>((resolve) => second.once('exit', resolve));
  if (code !== 0) throw new Error(`attach ended with ${code}`);
  await cluster.until('the queue is empty', (left) =>
    left.some(({ state }) => /RUN|PEND/.test(state)) ? undefined : true,
  );
  printTable('adoption', ['what', 'time'], [[`${jobs} running jobs of a driver that was killed`, ms(took)]]);
}

function startDriver(args: readonly string[], folder: string, env: Readonly<Record<string, string>>) {
  const [command = '', ...rest] = args;
  const executor = command === 'run' ? ['--executor', 'slurm'] : [];
  const program = [
    compiled('../../runner/cli/main.js'),
    command,
    ...rest,
    ...executor,
    '--store',
    join(folder, 'store'),
  ];
  return spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } });
}

function of(folder: string, type: string): number {
  const store = join(folder, 'store');
  const run = listRuns(store).at(-1);
  return run === undefined ? 0 : readEvents(join(store, 'runs', run)).filter((event) => event.type === type).length;
}

/** Peak resident memory so far, in kilobytes. */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // it has just ended
  }
}
