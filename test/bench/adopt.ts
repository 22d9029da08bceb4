import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { statsDigest } from '../../cache/stats-digest.ts';
import { openStore } from '../../cache/store.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { ms, printTable } from './table.ts';

const folders = 200;
const filesEach = 1000;
const bytesEach = 800;
/** Stats of younger files prove nothing yet. */
const restMilliseconds = 2500;

/** A folder of 200,000 small files that stays where it lies, against `find` printing size, time and name of each. */
export async function benchAdopt(): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const data = join(folder, 'data');
    writeData(data);
    await delay(restMilliseconds);
    const root = join(folder, 'store');
    const adopt = async (): Promise<void> => {
      const store = await openStore(root); // another process has to read what was noted, too
      await store.adoptTree(data);
      await store.close();
    };
    const find = (): unknown =>
      execFileSync('find', [data, '-type', 'f', '-printf', '%s %T@ %p\n'], { maxBuffer: 1 << 30 });
    const first = await compare(find, adopt, { times: 1 });
    const again = await compare(find, adopt, { times: 3 });
    rmSync(root, { recursive: true });
    const plan = await compare(find, () => statsDigest(data), { times: 3 });
    const row = (what: string, { floorMs, runMs, ratio }: typeof first): string[] => {
      const million = ((runMs / (folders * filesEach)) * 1e6) / 1000;
      return [what, ms(floorMs), ms(runMs), ratio.toFixed(1), `${million.toFixed(0)} s`];
    };
    printTable(
      'a folder of 200,000 files that stays where it lies',
      ['what', 'find', 'stet', 'ratio', 'a million files'],
      [row('adopted, every file read', first), row('adopted again', again), row('looked at by a plan', plan)],
    );
  });
}

function writeData(path: string): void {
  for (let i = 0; i < folders; i += 1) {
    const folder = join(path, `episode-${i}`);
    mkdirSync(folder, { recursive: true });
    for (let k = 0; k < filesEach; k += 1) {
      const bytes = Buffer.alloc(bytesEach, k % 251);
      bytes.writeUInt32LE(i * filesEach + k); // no two files alike
      writeFileSync(join(folder, `frame-${k}.bin`), bytes);
    }
  }
}
