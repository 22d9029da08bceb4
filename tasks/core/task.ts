import { resolve } from 'node:path';
import { Problem } from '../../cache/problem.ts';
import { checkCall } from './call.ts';
import { type CallSite, callSite } from './call-site.ts';
import { rememberDefinition } from './definitions.ts';
import type { CallNode, CallOptions } from './node.ts';
import { isThere } from './needs.ts';
import { onlyWhatIsThere } from './outputs.ts';
import { type OrRef, Ref } from './ref.ts';
import type { CallInputs, CodeInput, ProgramStart, Shape, TaskSpec, TaskSpecOf, Value } from './spec.ts';

export { Problem } from '../../cache/problem.ts';
export { type Artifact, artifact, readJson } from './artifact.ts';
export { type Endpoint, endpoint, isPromised } from './endpoint.ts';
export { keyedList } from './keyed-list.ts';
export { fileAt, freeDisk, type Need, program } from './needs.ts';
export type { CallOptions } from './node.ts';
export { type OrRef, Ref, type Resolved } from './ref.ts';
export type { GpuType, Resources } from './resources.ts';
export { service } from './service.ts';
export type { Attempt, CodeInput, Progress, Serving, Shape, Value } from './spec.ts';
export { followsLink, hasFile, type ReadyRule, stream } from './stream.ts';
export { uncounted } from './uncounted.ts';

type Refs<S extends Shape> = { readonly [K in keyof S]: Ref<Value<S[K]>> };

/** A named, typed step. Calling it runs nothing: it returns refs to the outputs that it will have. */
export interface Task<I extends Shape, O extends Shape> {
  (inputs: { readonly [K in keyof CallInputs<I>]: OrRef<CallInputs<I>[K]> }, options?: CallOptions): Refs<O>;
  readonly spec: TaskSpecOf<I, O>;
}

/** Declares a task: a program (`command`) or TypeScript (`run`). Throws `wrong-task` when the declaration is unusable. */
export function task<I extends Shape, O extends Shape>(spec: TaskSpecOf<I, O>): Task<I, O> {
  refuseUnusable(spec);
  const site = callSite(task);
  if (spec.run) rememberDefinition(spec.name, site);
  const described = forget(spec, site);
  const call = (inputs: Readonly<Record<string, unknown>>, options: CallOptions = {}): Refs<O> => {
    checkCall(described, inputs, options);
    const node: CallNode = { type: 'call', spec: described, inputs, options };
    const refs = Object.keys(spec.outputs).map((output) => [output, new Ref({ node, output, keys: [] })]);
    return onlyWhatIsThere(spec.name, Object.fromEntries(refs) as Refs<O>);
  };
  return Object.assign(call, { spec });
}

/**
 * A Python entry point and what it uses of all that it imports from the repository, by meaning: comments and layout do not count, nor
 * do functions that it cannot reach. `plan` says what cannot be followed: docs/python.md.
 */
export function python(entry: string): CodeInput {
  const closureOf = async (root: string, launch?: ProgramStart) => {
    // The parser takes a while to load, and most pipelines have no Python.
    return (await import('../../cache/code/python.ts')).pythonClosure(root, entry, { launch });
  };
  return {
    describe: `python(${entry})`,
    digests: async (root, launch) => (await closureOf(root, launch)).digests,
    gaps: async (root, launch) => ((await isThere(resolve(root, entry))) ? (await closureOf(root, launch)).gaps : []),
    staysInPlace: async (root, launch) => (await closureOf(root, launch)).isBound,
    missing: async (root) =>
      (await isThere(resolve(root, entry))) ? undefined : `there is no ${entry}, which python(…) of its code names`,
  };
}

function forget<I extends Shape, O extends Shape>(spec: TaskSpecOf<I, O>, site: CallSite): TaskSpec {
  const { resources, needs } = spec;
  const described = {
    code: [],
    env: {},
    secrets: [],
    inherits: [],
    onPreempt: 'restart',
    warning: undefined,
    onOutOfMemory: { factor: 2 },
    version: undefined,
    cwd: undefined,
    observe: undefined,
    command: undefined,
    run: undefined,
    ...spec,
    definedAt: site.at,
    madeIn: site.madeIn,
    resources: typeof resources === 'function' ? resources : () => resources ?? {},
    needs: typeof needs === 'function' ? needs : () => needs ?? [],
  };
  return described as unknown as TaskSpec;
}

function refuseUnusable(spec: { name: string; command?: unknown; run?: unknown; outputs: Shape }): void {
  if (!/^[a-z][a-z0-9-]*$/.test(spec.name)) {
    throw new Problem('wrong-task', `"${spec.name}" cannot name a task.`, {
      hint: 'Use lower case, digits and hyphens.',
    });
  }
  if ((spec.command === undefined) === (spec.run === undefined)) {
    throw new Problem('wrong-task', `Task ${spec.name} needs exactly one of "command" and "run".`);
  }
  const wrong = Object.keys(spec.outputs).filter((name) => !/^[A-Za-z][A-Za-z0-9_]*$/.test(name));
  if (wrong.length > 0) {
    throw new Problem('wrong-task', `Task ${spec.name} has outputs that cannot be file names: ${wrong.join(', ')}.`);
  }
}
