import { openRecords } from '../../cache/records.ts';
import { aRecord } from './records.ts';

/** Sets records with seeds `from` to `from + count - 1`, one by one. */
const [url = '', root = '', from = '0', count = '0'] = process.argv.slice(2);
const records = await openRecords(url, { root });
for (let n = 0; n < Number(count); n += 1) await records.set(aRecord({ seed: Number(from) + n }));
await records.close();
