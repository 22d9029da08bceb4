import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frame } from '../../tasks/formats/tfrecord/frame.ts';
import { recordsOf } from '../../tasks/formats/tfrecord/records.ts';
import { Shard } from '../../tasks/formats/tfrecord/shard.ts';
import { readDatasetInfo, splitOf } from '../../tasks/formats/rlds/dataset-info.ts';

/** All records of a TFDS folder, their bytes. */
export async function recordsIn(folder: string): Promise<Buffer[]> {
  const { shards } = splitOf(await readDatasetInfo(folder), 'train');
  return shards.flatMap(({ path }) => {
    const shard = new Shard(path);
    const records = [...recordsOf(shard)].map(({ start, length }) => {
      const bytes = Buffer.alloc(length);
      shard.readInto(bytes, start);
      return bytes;
    });
    shard.close();
    return records;
  });
}

/** Writes a TFDS folder like `like` with other shards; records are written as they are. */
export function writeShards(to: string, like: string, shards: readonly (readonly Uint8Array[])[]): void {
  mkdirSync(to, { recursive: true });
  copyFileSync(join(like, 'features.json'), join(to, 'features.json'));
  const info = JSON.parse(readFileSync(join(like, 'dataset_info.json'), 'utf8')) as {
    name: string;
    splits: { name: string; shardLengths: string[] }[];
  };
  const train = info.splits.find(({ name }) => name === 'train');
  if (train) train.shardLengths = shards.map(({ length }) => String(length));
  writeFileSync(join(to, 'dataset_info.json'), JSON.stringify(info));
  const digits = (number: number): string => String(number).padStart(5, '0');
  for (const [k, records] of shards.entries()) {
    const name = `${info.name}-train.tfrecord-${digits(k)}-of-${digits(shards.length)}`;
    writeFileSync(join(to, name), Buffer.concat(records.map(frame)));
  }
}
