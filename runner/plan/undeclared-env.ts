import { jobVariables } from '../executors/environment.ts';
import { taskOf } from '../keys/service-task.ts';
import type { Session } from '../project/session.ts';

/**
 * Where code of the project reads a variable of the environment that no task declares, a line each. A pipeline's function and a
 * `command` would see what the driver has, the body of a task would not, and the variable counts in no recipe.
 */
export function undeclaredReads({ loaded, graph }: Pick<Session, 'loaded' | 'graph'>): string[] {
  const specs = graph.order.flatMap(({ node }) => taskOf(node) ?? []);
  const declared = new Set([
    ...jobVariables,
    ...specs.flatMap(({ env, secrets, inherits }) => [...Object.keys(env), ...secrets, ...inherits]),
  ]);
  return loaded.envReads.flatMap(({ name, place }) => {
    if (name !== undefined && declared.has(name)) return [];
    return [name === undefined ? unnamed(place) : named(name, place)];
  });
}

function named(name: string, place: string): string {
  return (
    `${place} reads process.env.${name}, which no task declares: the body of a task does not see it, a pipeline and a \`command\` do, ` +
    `and it does not count. Make it a parameter of the pipeline, or say in the task \`env: { ${name}: … }\`, which counts, ` +
    `or \`inherits: ['${name}']\`, which does not.`
  );
}

function unnamed(place: string): string {
  return (
    `${place} reads process.env by a name that cannot be read there: bodies see only what their tasks declare in \`env\`, ` +
    '`secrets` or `inherits`. Name the variable there, or make it a parameter.'
  );
}
