import type { TaskSpec } from '../../tasks/core/spec.ts';

/** Digests of the declared code of a task, by path. */
export async function filesOf(spec: TaskSpec, root: string): Promise<Record<string, string>> {
  const globs = spec.code.filter((code) => typeof code === 'string');
  const inputs = spec.code.filter((code) => typeof code !== 'string');
  const parts = await Promise.all([
    globs.length > 0 ? import('../../cache/code/globs.ts').then(({ globDigests }) => globDigests(root, globs)) : {},
    ...inputs.map((input) => input.digests(root)),
  ]);
  return Object.assign({}, ...parts) as Record<string, string>;
}
