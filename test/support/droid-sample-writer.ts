import { writeSampleRlds } from '../../tasks/envs/droid-sample/write-rlds.ts';

/** Writes a small sample into the folder given. */
const [, , folder = ''] = process.argv;
const plan = { episodes: 2, meanSteps: 60, shards: 2, seed: 5 };
await writeSampleRlds(folder, plan, { signal: new AbortController().signal, report: () => undefined });
process.stdout.write('done\n');
