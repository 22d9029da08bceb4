import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Problem } from '../core/task.ts';

export const checkoutAdvice =
  'git clone --recurse-submodules https://github.com/Physical-Intelligence/openpi, then GIT_LFS_SKIP_SMUDGE=1 uv sync in it; give its folder as `openpi`.';

/** What of a checkout changes a training: its Python files and the versions of its packages, by content. */
export async function checkoutDigests(openpi: string): Promise<Readonly<Record<string, string>>> {
  const root = resolve(openpi);
  if (!existsSync(join(root, 'scripts', 'train.py'))) {
    throw new Problem('not-a-checkout', `There is no checkout of openpi at ${root}: scripts/train.py is missing.`, {
      hint: checkoutAdvice,
    });
  }
  const { globDigests } = await import('../../cache/code/globs.ts');
  return globDigests(root, ['scripts/**/*.py', 'src/**/*.py', 'packages/**/*.py', 'pyproject.toml', 'uv.lock']);
}
