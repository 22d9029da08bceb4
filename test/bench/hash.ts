import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../cache/store.ts';
import { scanTree } from '../../cache/tree.ts';
import { compare, inTemporaryFolder } from './measure.ts';
import { ms, printTable } from './table.ts';

const chunkBytes = 1 << 20;

interface Data {
  readonly what: string;
  readonly files: number;
  readonly bytesEach: number;
}

/** One thread, several, and more files than bytes. */
const data: readonly Data[] = [
  { what: '1 file of 1 GB', files: 1, bytesEach: 2 ** 30 },
  { what: '8 files of 128 MB', files: 8, bytesEach: 2 ** 27 },
  { what: '50,000 files of 2 KB', files: 50_000, bytesEach: 2048 },
];

/** Reading and hashing what tasks wrote, against SHA-256 of the same bytes in one thread. */
export async function benchHash(): Promise<void> {
  const rows: string[][] = [];
  for (const one of data) {
    await inTemporaryFolder(async (folder) => {
      rows.push(...(await rowsOf(one, folder)));
    });
  }
  printTable(`hashing, ${availableParallelism()} cores`, ['what', 'SHA-256', 'stet', 'ratio', 'per second'], rows);
}

async function rowsOf({ what, files, bytesEach }: Data, folder: string): Promise<string[][]> {
  const path = join(folder, 'data');
  writeData(path, files, bytesEach);
  const store = await openStore(join(folder, 'store'));
  const reset = (): void => {
    rmSync(join(folder, 'store', 'blobs'), { recursive: true });
    mkdirSync(join(folder, 'store', 'blobs', 'sha256'), { recursive: true });
    store.forget();
    writeData(path, files, bytesEach);
  };
  const floor = (): void => hashPlainly(path);
  const rate = (milliseconds: number): string => `${((files * bytesEach) / milliseconds / 1e3).toFixed(0)} MB`;
  const scan = await compare(floor, () => scanTree(path), { times: 3 });
  const put = await compare(floor, () => store.putTree(path, { how: 'move' }), { times: 3, reset });
  await store.close();
  return [
    [`${what}, looked at`, ms(scan.floorMs), ms(scan.runMs), scan.ratio.toFixed(2), rate(scan.runMs)],
    [`${what}, moved into the store`, ms(put.floorMs), ms(put.runMs), put.ratio.toFixed(2), rate(put.runMs)],
  ];
}

function writeData(path: string, files: number, bytesEach: number): void {
  mkdirSync(path);
  const chunk = Buffer.alloc(Math.min(chunkBytes, bytesEach));
  for (let i = 0; i < files; i += 1) {
    const file = openSync(join(path, `${i}`), 'w');
    for (let at = 0; at < bytesEach; at += chunk.length) {
      chunk.writeUInt32LE(i, 0); // no two files or chunks alike
      chunk.writeUInt32LE(at / chunk.length, 4);
      writeSync(file, chunk);
    }
    closeSync(file);
  }
}

function hashPlainly(path: string): void {
  const buffer = Buffer.allocUnsafe(4 * chunkBytes);
  for (const name of readdirSync(path)) {
    const sum = createHash('sha256');
    const file = openSync(join(path, name), 'r');
    for (let count = readSync(file, buffer); count > 0; count = readSync(file, buffer))
      sum.update(buffer.subarray(0, count));
    closeSync(file);
    sum.digest('hex');
  }
}
