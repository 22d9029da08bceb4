import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { range } from '../../pipelines/core/grid.ts';
import { task } from '../../tasks/core/task.ts';
import { median, runInProcess, temporary, timed } from './in-process.ts';
import { printTable } from './table.ts';

const nodes = 1000;

const trivial = task({
  name: 'trivial',
  inputs: { n: z.int() },
  outputs: { value: z.int() },
  command: ({ n }, out) => ['/bin/sh', '-c', 'echo "$1" > "$2"', 'sh', String(n), out.value],
});

/** Every command at most `jobs` at a time, and nothing else. */
async function spawnAll(folder: string, jobs: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const waiting = range(nodes);
  const worker = async (): Promise<void> => {
    for (let n = waiting.pop(); n !== undefined; n = waiting.pop()) {
      const args = ['-c', 'echo "$1" > "$2"', 'sh', String(n), join(folder, String(n))];
      await new Promise((resolve) => spawn('/bin/sh', args, { stdio: 'ignore' }).on('exit', resolve));
    }
  };
  await Promise.all(range(jobs).map(worker));
}

/** A cold run of 1,000 trivial commands against spawning the same commands at the same concurrency. */
export async function benchCold(): Promise<void> {
  const rows: string[][] = [];
  for (const jobs of [2, 4]) {
    const floors: number[] = [];
    const runs: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { folder, remove } = temporary();
      floors.push(await timed(() => spawnAll(join(folder, 'floor'), jobs)));
      runs.push(await timed(() => runInProcess(folder, () => range(nodes).map((n) => trivial({ n }).value), { jobs })));
      remove();
    }
    const [floor, run] = [median(floors), median(runs)];
    rows.push([`${nodes} commands, ${jobs} at a time`, `${floor.toFixed(0)} ms`, `${run.toFixed(0)} ms`, (run / floor).toFixed(2)]);
  }
  printTable('cold run', ['what', 'spawn alone', 'stet', 'ratio'], rows);
}
