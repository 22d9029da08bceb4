import type { WorkNode } from '../../pipelines/core/graph.ts';
import { endpoint } from '../../tasks/core/endpoint.ts';
import type { ServiceSpec, TaskSpec } from '../../tasks/core/spec.ts';

/** What stands for the port in a recipe. */
const anyPort = 0;

const known = new WeakMap<ServiceSpec, TaskSpec>();
const services = new WeakMap<TaskSpec, ServiceSpec>();

/** What a node runs, as a task; undefined for those that only wire. */
export function taskOf(node: WorkNode): TaskSpec | undefined {
  if (node.type === 'call') return node.spec;
  return node.type === 'service' ? serviceAsTask(node.spec) : undefined;
}

/** The body as its author wrote it; undefined for a program. */
export function bodyOf(spec: TaskSpec): TaskSpec['run'] | ServiceSpec['run'] {
  return services.get(spec)?.run ?? spec.run;
}

/** A service as a task whose only output is its endpoint: so it has a recipe and a job like any other. */
function serviceAsTask(spec: ServiceSpec): TaskSpec {
  const task = known.get(spec) ?? onPort(spec, anyPort);
  known.set(spec, task);
  services.set(task, spec);
  return task;
}

/** The same, listening where it is told. */
export function onPort(spec: ServiceSpec, port: number): TaskSpec {
  const { name, inputs, definedAt, madeIn, code, env, secrets, cwd, resources, version, observe, needs, inherits } =
    spec;
  const { command, run } = spec;
  return {
    name,
    inputs,
    outputs: { endpoint },
    definedAt,
    madeIn,
    code,
    env,
    secrets,
    cwd,
    version,
    inherits,
    onPreempt: 'restart',
    warning: 'none',
    onOutOfMemory: 'fail',
    resources: () => resources,
    needs,
    observe,
    command: command && ((given) => command(given, port)),
    run:
      run &&
      (async (given, _, { cpus, signal }) => {
        await run(given, port, { cpus, signal });
        return {};
      }),
  };
}
