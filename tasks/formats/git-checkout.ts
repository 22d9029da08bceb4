import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestBytes, digestFiles, digestJson } from '../../cache/digest.ts';
import { errorCode } from '../../cache/file-problem.ts';
import { Problem } from '../../cache/problem.ts';

/** Written into a checkout that has no repository of its own; says which commit its files are. */
export const commitNote = '.checkout.json';
const CommitNote = z.object({ commit: z.string().regex(/^[0-9a-f]{40}$/) });

/** The commit of a folder: of its repository, or by its note. */
export async function commitOf(folder: string): Promise<string> {
  try {
    return CommitNote.parse(JSON.parse(await readFile(join(folder, commitNote), 'utf8'))).commit;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  return (await git(folder, ['rev-parse', '--verify', 'HEAD^{commit}'])).trim();
}

/**
 * Names of the files of a working tree that count: those of the commit, those of its submodules, and new ones that are not
 * ignored. What is ignored, as virtual environments are, does not count; nor do new files within submodules.
 */
export async function countedFiles(folder: string): Promise<string[]> {
  const tracked = await git(folder, ['ls-files', '-z', '--cached', '--recurse-submodules']);
  const names = new Set([...tracked.split('\0').filter(Boolean), ...(await newFiles(folder))]);
  return [...names].sort();
}

/** What tells one state of a working tree from another without reading files that git knows to be as they were. */
export async function workingState(folder: string): Promise<{ commit: string; changes: string; added: string }> {
  const [commit, difference, added] = await Promise.all([
    commitOf(folder),
    git(folder, ['diff', 'HEAD', '--binary', '--no-ext-diff', '--no-textconv', '--no-color', '--submodule=diff']),
    newFiles(folder),
  ]);
  const digests = await digestFiles(added.map((name) => join(folder, name)));
  return { commit, changes: digestBytes(difference), added: digestJson(added.map((name, i) => [name, digests[i]])) };
}

/** Runs git in a folder; never asks for a password, and fetches no large files. */
export async function git(folder: string, args: readonly string[]): Promise<string> {
  const { execa } = await import('execa');
  const env = { GIT_TERMINAL_PROMPT: '0', GIT_LFS_SKIP_SMUDGE: '1', GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' };
  const settings = ['core.autocrlf=false', 'core.hooksPath=/dev/null', 'core.quotePath=false', 'gc.auto=0'];
  const gitArgs = [...settings.flatMap((setting) => ['-c', setting]), '-C', folder, ...args];
  const result = await execa('git', gitArgs, {
    env,
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    maxBuffer: 1 << 30,
  });
  if (result.exitCode === 0) return result.stdout;
  if (result.code === 'ENOENT') throw new Problem('program-missing', 'git is not on PATH.', { hint: 'Install git.' });
  throw new Problem('git-failed', `git ${args[0]} failed in ${folder}:\n${result.stderr.trim()}`);
}

async function newFiles(folder: string): Promise<string[]> {
  const names = (await git(folder, ['ls-files', '-z', '--others', '--exclude-standard'])).split('\0').filter(Boolean);
  const nested = names.filter((name) => name.endsWith('/'));
  if (nested.length === 0) return names.sort();
  throw new Problem(
    'nested-repository',
    `${folder} holds repositories that are none of its submodules: ${nested.join(', ')}.`,
    {
      hint: 'Name them in .gitignore when they do not count, or make them submodules.',
    },
  );
}
