import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Problem } from '../core/task.ts';

export const checkoutAdvice =
  'git clone --recurse-submodules https://github.com/Physical-Intelligence/openpi, then GIT_LFS_SKIP_SMUDGE=1 uv sync in it; give its folder as `openpi`.';

/** What is asked of a checkout. */
interface Asked {
  /** Relative to the checkout. */
  readonly script: string;
  /** A name of the table in src/openpi/training/config.py. */
  readonly config: string;
}

/**
 * What of a checkout changes what a script of it does: what it uses of Python files, by meaning, and the versions of its packages.
 *
 * Of the table of configurations the one that is named counts, with those whose names are made when the program runs: making the others
 * changes nothing, as they are plain data. Throws `not-a-checkout`.
 */
export async function checkoutDigests(
  openpi: string,
  { script, config }: Asked,
): Promise<Readonly<Record<string, string>>> {
  const root = resolve(openpi);
  if (!existsSync(join(root, script))) {
    throw new Problem('not-a-checkout', `There is no checkout of openpi at ${root}: ${script} is missing.`, {
      hint: checkoutAdvice,
    });
  }
  const { globDigests } = await import('../../cache/code/globs.ts');
  const { pythonDigests } = await import('../../cache/code/python.ts');
  const rows = [{ module: 'openpi/training/config.py', list: '_CONFIGS', key: 'name', row: config }];
  return {
    ...(await globDigests(root, ['pyproject.toml', 'uv.lock'])),
    ...(await pythonDigests(root, script, { rows })),
  };
}
