import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Problem, program, task } from '../core/task.ts';
import { checkout as checkoutKind, checkoutInPlace } from '../kinds/checkout.ts';
import { networkVariables } from './sources/environment.ts';

const git = program('git', 'Install it: apt-get install git.');

/**
 * The files of a git repository at a commit, without its history; large files of git LFS stay the pointers that they are.
 *
 * `repo` is a URL or a path. A branch would be another thing tomorrow, so `commit` takes all 40 digits.
 */
export const checkout = task({
  name: 'checkout',
  version: '1', // a commit is its content
  inputs: {
    repo: z.string().regex(/^[^-]/, 'a repository is a URL or a path'),
    commit: z.string().regex(/^[0-9a-f]{40}$/, {
      error: ({ input }) =>
        `"${String(input)}" is no full commit; \`git ls-remote REPO ${String(input)}\` tells the one that a branch is at`,
    }),
    /** Whether submodules are fetched too, at the commits that are noted. */
    submodules: z.boolean().default(false),
  },
  outputs: { checkout: checkoutKind },
  cwd: () => process.cwd(), // a relative path is the user's
  secrets: networkVariables(),
  needs: [git],
  run: async ({ repo, commit, submodules }, out) => {
    const { mkdir, readdir, rm, writeFile } = await import('node:fs/promises');
    const { join } = await import('node:path');
    const { commitNote, git } = await import('../formats/git-checkout.ts');
    const folder = out.checkout;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await git(folder, ['init', '--quiet']);
    await git(folder, ['remote', 'add', '--', 'origin', existsSync(repo) ? resolve(repo) : repo]);
    await fetchCommit(folder, { repo, commit });
    await git(folder, ['checkout', '--quiet', '--detach', commit]);
    if (submodules) await git(folder, ['submodule', '--quiet', 'update', '--init', '--recursive']);
    if (existsSync(join(folder, commitNote))) {
      throw new Problem('name-taken', `The repository has a file ${commitNote}, which a checkout needs for itself.`);
    }
    // History and index hold times and packs, which would make equal files unequal.
    for (const { name, parentPath } of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (name === '.git') await rm(join(parentPath, name), { recursive: true });
    }
    await writeFile(join(folder, commitNote), `${JSON.stringify({ commit })}\n`);
    return { checkout: folder };
  },
});

/**
 * A working tree of the user's, for example openpi's with its virtual environment, which stays where it lies.
 *
 * What counts is the commit, what was changed since, and new files that are not ignored.
 */
export const adoptCheckout = task({
  name: 'adopt-checkout',
  inputs: { path: z.string().min(1) },
  outputs: { checkout: checkoutInPlace },
  cwd: () => process.cwd(), // a relative path is the user's
  needs: [git],
  observe: async ({ path }) => (await import('../formats/git-checkout.ts')).workingState(await rootOf(path)),
  run: async ({ path }) => ({ checkout: await rootOf(path) }),
});

/** One commit where the server gives single ones, else all that it has. */
async function fetchCommit(folder: string, { repo, commit }: { repo: string; commit: string }): Promise<void> {
  const { git } = await import('../formats/git-checkout.ts');
  const shallow = git(folder, ['fetch', '--quiet', '--no-tags', '--depth=1', 'origin', commit]);
  const first = await shallow.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (first === undefined) return;
  try {
    await git(folder, ['fetch', '--quiet', '--no-tags', 'origin', '+refs/*:refs/fetched/*']);
    await git(folder, ['cat-file', '-e', `${commit}^{commit}`]);
  } catch (cause) {
    throw new Problem('commit-missing', `${repo} does not give commit ${commit}: ${(cause as Error).message}`, {
      hint: 'Look whether it was pushed, and whether you may read the repository: git ls-remote REPO.',
      cause,
    });
  }
}

async function rootOf(path: string): Promise<string> {
  const { git } = await import('../formats/git-checkout.ts');
  if (!existsSync(path)) {
    throw new Problem('path-missing', `There is nothing at "${path}" (${resolve(path)}).`, {
      hint: 'Give the path of a git working tree; an absolute path works from everywhere.',
    });
  }
  return (await git(resolve(path), ['rev-parse', '--show-toplevel'])).replace(/\n$/, '');
}
