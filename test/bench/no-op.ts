import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listRuns, readEvents } from '../../runner/log/run-log.ts';
import { openSession } from '../../runner/project/session.ts';
import { builtIn } from '../../runner/site/registry.ts';
import { fill } from './fill.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { compiled, runNode, runPipeline } from './program.ts';
import { ms, printTable } from './table.ts';

/** A second run of a graph that is all known, whole program, against a script that looks at the same files and hashes them. */
export async function benchNoOp(): Promise<void> {
  const rows: string[][] = [];
  for (const shape of ['chain', 'fan-out', 'sweep']) {
    for (const count of [100, 1000, 10_000]) {
      await inTemporaryFolder(async (folder) => {
        rows.push(await row(shape, count, folder));
      });
    }
  }
  printTable('no-op run', ['shape', 'nodes', 'stat and hash', 'stet', 'ratio', 'per node'], rows);
}

async function row(shape: string, count: number, folder: string): Promise<string[]> {
  const store = join(folder, 'store');
  const name = compiled(`./shapes/${shape}.js`);
  const session = await openSession({
    name,
    overrides: [`n=${count}`],
    cwd: folder,
    doors: builtIn,
    storeFolder: store,
    warn: refuseWarning,
  });
  const files = await fill(session);
  await session.close();
  const list = join(folder, 'files.txt');
  writeFileSync(list, files.join('\n'));

  const floor = (): void => runNode([compiled('./floors/hash-files.js'), list]);
  const run = (): void => runPipeline(['run', name, `n=${count}`], { store });
  run();
  refuseWork(store, files.length);
  const { floorMs, runMs, ratio } = await compare(floor, run, { times: count > 5000 ? 5 : 9 });
  return [
    shape,
    String(files.length),
    ms(floorMs),
    ms(runMs),
    ratio.toFixed(2),
    `${((runMs / files.length) * 1000).toFixed(0)} µs`,
  ];
}

function refuseWork(store: string, count: number): void {
  const last = readEvents(join(store, 'runs', listRuns(store).at(-1) ?? '')).at(-1);
  if (last?.type === 'run-finished' && last.counts.cached === count) return;
  throw new Error(
    `not all ${count} nodes were known: ${JSON.stringify(last && 'counts' in last ? last.counts : last)}`,
  );
}

function refuseWarning(message: string): void {
  throw new Error(message);
}
