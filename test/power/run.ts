import { parseArgs } from 'node:util';
import { powerLoss } from './power-loss.ts';
import { lackOfRecording } from './recorded-disk.ts';

/** Takes the power away from a disk under the program, hundreds of times: `npm run test:power -- --cuts 500 --seed 7 [--without-syncs]`. */
const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    'without-syncs': { type: 'boolean', default: false },
  },
});
const lack = lackOfRecording();
if (lack !== undefined) {
  process.stderr.write(`The test cannot run here: ${lack}\n`);
  process.exit(3);
}
const said = (line: string): void => void process.stdout.write(`${line}\n`);
const [cuts, seed] = [Number(values.cuts), Number(values.seed)];
const { bad, ...seen } = await powerLoss({ cuts, seed, withoutSyncs: values['without-syncs'], said });
said(
  `seed ${seed}: ${cuts} cuts, ${bad.length} bad; ${seen.writes} writes, ${seen.flushes} flushes, ${seen.told} results told of`,
);
process.exit(bad.length > 0 ? 1 : 0);
