import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { Reason } from '../executors/door.ts';

/** Files that a task declares as its code and that are not there. */
export async function lackingCode({ code }: TaskSpec, root: string): Promise<Reason[]> {
  if (code.length === 0) return [];
  const patterns = code.filter((one) => typeof one === 'string');
  const inputs = code.filter((one) => typeof one !== 'string');
  const { emptyPatterns } = await import('../../cache/code/globs.ts');
  const empty = emptyPatterns(root, patterns).map((pattern) => `no file matches "${pattern}" of its code`);
  const missing = await Promise.all(inputs.map(async (input) => input.missing?.(root)));
  return [...empty, ...missing.filter((what) => what !== undefined)].map((what) => ({
    what,
    advice: `Paths in \`code\` are relative to the folder of the project: ${root}.`,
  }));
}
