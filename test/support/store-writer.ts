import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../cache/store.ts';
import { aRecord } from './records.ts';

/** Stores trees and records with seeds from `from` on until it is killed; prints each seed after its record is set. */
const [root = '', url = '', from = '0'] = process.argv.slice(2);
const store = await openStore(root, { records: url });
for (let seed = Number(from); ; seed += 1) {
  const out = join(root, 'work', `out-${process.pid}`);
  mkdirSync(out);
  writeFileSync(join(out, 'a'), `content ${seed}`);
  writeFileSync(join(out, 'same'), 'in every tree');
  const { digest, size } = await store.putTree(out, { how: 'move' });
  await store.records.set(
    aRecord({ seed, outputs: { dir: { $artifact: { kind: 'folder', digest, size, meta: {} } } } }),
  );
  process.stdout.write(`${seed}\n`);
}
