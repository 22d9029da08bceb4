import { z } from 'zod';
import { artifact } from '../core/task.ts';

const meta = z.object({
  /** 40 hex digits. */
  commit: z.string(),
});

/** The files of a git repository at a commit. */
export const checkout = artifact('checkout', { meta, inspect: readCommit });

/**
 * The same kind, for a working tree of the user's that stays where it lies, with the environments in it. Its digest is that
 * of the files that git tracks or would add.
 */
export const checkoutInPlace = artifact('checkout', {
  meta,
  inspect: readCommit,
  hold: 'adopt',
  files: async (path) => (await import('../formats/git-checkout.ts')).countedFiles(path),
});

async function readCommit(path: string): Promise<{ commit: string }> {
  const { commitOf } = await import('../formats/git-checkout.ts');
  return { commit: await commitOf(path) };
}
