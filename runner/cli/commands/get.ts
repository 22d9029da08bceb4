import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { Problem } from '../../../cache/problem.ts';
import { openStoreOnly } from '../../project/session.ts';
import { leafOf } from '../../values/results.ts';
import { exitCodes } from '../common/exit-codes.ts';
import { newestWith } from '../results/find-result.ts';
import type { Io } from '../../views/io.ts';
import { materialise } from '../results/materialise.ts';
import { fillPage } from '../results/pages.ts';
import type { Options } from '../common/options.ts';
import { storeOptions } from '../common/session-options.ts';

export async function get(io: Io, [name = '', output = '']: readonly string[], options: Options): Promise<number> {
  const { to, force = false } = options as { to: string; force?: boolean };
  const { store } = await openStoreOnly(storeOptions(io));
  try {
    const { run, value } = newestWith(store, name, output, io.storeFolder);
    const path = resolve(io.cwd, to);
    if (lstatSync(path, { throwIfNoEntry: false }) && !force) {
      throw new Problem('already-there', `${to} is there already.`, {
        hint: 'Choose another path, or add --force to write over it.',
      });
    }
    await materialise(store, value, path);
    if (leafOf(value)?.kind === 'html-page') await fillPage(path, run.state);
    io.print(`${output} of ${name}, run ${run.run} -> ${to}`);
    return exitCodes.fine;
  } finally {
    await store.close();
  }
}
