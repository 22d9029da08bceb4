import { resolve } from 'node:path';
import type { ProgramStart, TaskSpec } from '../../tasks/core/spec.ts';

/** Digests of the declared code of a task, by path. `command` is that of its recipe. */
export async function filesOf(
  spec: TaskSpec,
  root: string,
  command: readonly string[] | undefined,
): Promise<Record<string, string>> {
  const globs = spec.code.filter((code) => typeof code === 'string');
  const inputs = spec.code.filter((code) => typeof code !== 'string');
  const start = startOf(spec, root, command);
  const parts = await Promise.all([
    globs.length > 0 ? import('../../cache/code/globs.ts').then(({ globDigests }) => globDigests(root, globs)) : {},
    ...inputs.map((input) => input.digests(root, start)),
  ]);
  return Object.assign({}, ...parts) as Record<string, string>;
}

/** How a program is started, for what follows its code; undefined where no command is known. */
export function startOf(
  { env }: TaskSpec,
  root: string,
  command: readonly string[] | undefined,
): ProgramStart | undefined {
  if (command === undefined) return undefined;
  const [first = '', ...rest] = command;
  const folder = first.startsWith('cd ') ? first.slice('cd '.length) : '';
  const args = startWords(folder === '' ? command : rest);
  return { args, env, folder: folder.startsWith('/@') ? root : resolve(root, folder) };
}

/** The words that say what starts a program: up to its script, or to the module after `-m`. */
export function startWords(command: readonly string[]): readonly string[] {
  const at = command.findIndex((word) => word.endsWith('.py') || word === '-m');
  if (at < 0) return command.slice(0, 1);
  return command.slice(0, command[at] === '-m' ? at + 2 : at + 1);
}

/** Whether what counts of a task's code hangs on how it is started. */
export function hangsOnStart({ code }: TaskSpec): boolean {
  return code.some((one) => typeof one !== 'string' && one.gaps !== undefined);
}

/** Files among what counts; the rest are versions of packages. */
export function pathsAmong(files: Readonly<Record<string, string>>): string[] {
  return Object.keys(files).filter((name) => !name.startsWith('pip:'));
}
