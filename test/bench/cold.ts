import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compare, inTemporaryFolder } from './measure.ts';
import { compiled, runNode, runPipeline } from './program.ts';
import { ms, printTable } from './table.ts';

const nodes = 1000;

/** A first run of 1,000 trivial commands, whole program, against a script that starts the same commands. */
export async function benchCold(): Promise<void> {
  const rows: string[][] = [];
  for (const jobs of [2, 4]) {
    await inTemporaryFolder(async (folder) => {
      const floor = (): void =>
        runNode([compiled('./floors/spawn-all.js'), join(folder, 'floor'), String(nodes), String(jobs)]);
      const run = (): void => {
        runPipeline(['run', compiled('./shapes/separate.js'), `n=${nodes}`, '--jobs', String(jobs)], {
          store: join(folder, 'store'),
        });
      };
      run();
      const clear = (): void => rmSync(join(folder, 'store'), { recursive: true });
      clear();
      const { floorMs, runMs, ratio } = await compare(floor, run, { times: 5, reset: clear });
      rows.push([
        `${nodes} commands, ${jobs} at a time`,
        ms(floorMs),
        ms(runMs),
        ratio.toFixed(2),
        ms((runMs - floorMs) / nodes),
      ]);
    });
  }
  printTable('cold run', ['what', 'spawn alone', 'stet', 'ratio', 'added per command'], rows);
}
