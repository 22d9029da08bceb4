import { Problem } from '../../cache/problem.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';

/** The variables that a task gets handed through. Throws `secret-missing`. */
export function secretsFor(spec: TaskSpec): Record<string, string> {
  return { ...inherited(spec.inherits), ...secretsOf(spec.name, spec.secrets) };
}

function inherited(names: readonly string[]): Record<string, string> {
  const set = names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  return Object.fromEntries(set) as Record<string, string>;
}

function secretsOf(task: string, names: readonly string[]): Record<string, string> {
  const missing = names.filter((name) => process.env[name] === undefined);
  if (missing.length > 0) {
    throw new Problem('secret-missing', `${task} needs ${missing.join(', ')} in the environment.`, {
      hint: `Set ${missing.length > 1 ? 'them' : 'it'} before the run: export ${missing[0]}=…`,
    });
  }
  return Object.fromEntries(names.map((name) => [name, process.env[name] as string]));
}
