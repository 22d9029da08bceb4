import { Problem } from '../../cache/problem.ts';
import { checkCall } from './call.ts';
import { callSite } from './call-site.ts';
import { rememberDefinition } from './definitions.ts';
import type { Endpoint } from './endpoint.ts';
import type { Need } from './needs.ts';
import type { CallOptions, ServiceNode } from './node.ts';
import { type OrRef, Ref } from './ref.ts';
import type { Resources } from './resources.ts';
import type { CallInputs, CodeInput, Parsed, Readiness, Scheme, Serving, ServiceSpec, Shape } from './spec.ts';

interface Common<I extends Shape> {
  name: string;
  inputs: I;
  code?: readonly (string | CodeInput)[];
  env?: Readonly<Record<string, string>>;
  secrets?: readonly string[];
  /** As for tasks: variables handed through that do not count. */
  inherits?: readonly string[];
  /** As for tasks: what the place must have, by the inputs that are known. */
  needs?: readonly Need[] | ((known: Partial<Parsed<I>>) => readonly Need[]);
  cwd?: (inputs: Parsed<I>) => string;
  /** GPUs and memory are its own while it is up. Of cores it gets what can be spared; by default it asks for none. */
  resources?: Resources;
  /** What lies outside the store and changes what it serves, as plain JSON. */
  observe?: (inputs: Parsed<I>) => Promise<unknown>;
  ready: Readiness;
  /** How its url begins. Default `http`. */
  scheme?: Scheme;
}

interface Program<I extends Shape> {
  /** The argument list; for the fingerprint it is called with port 0. The program must listen on 127.0.0.1. */
  command: (inputs: Parsed<I>, port: number) => readonly string[];
  run?: never;
  version?: never;
}

interface Body<I extends Shape> {
  /** Serves on `127.0.0.1:port` until the signal is aborted, then ends in good order. */
  run: (inputs: Parsed<I>, port: number, serving: Serving) => Promise<void>;
  /** Freezes the code's identity: edits count only when this changes. Without it, the source's digest counts. */
  version?: string;
  command?: never;
}

/** Declares a process that is up while others need it; calling it gives its endpoint. */
export function service<I extends Shape>(
  spec: Common<I> & (Program<I> | Body<I>),
): (inputs: { readonly [K in keyof CallInputs<I>]: OrRef<CallInputs<I>[K]> }, options?: CallOptions) => Ref<Endpoint> {
  if (!/^[a-z][a-z0-9-]*$/.test(spec.name)) {
    throw new Problem('wrong-service', `"${spec.name}" cannot name a service.`, {
      hint: 'Use lower case, digits and hyphens.',
    });
  }
  if ((spec.command === undefined) === (spec.run === undefined)) {
    throw new Problem('wrong-service', `Service ${spec.name} needs exactly one of "command" and "run".`);
  }
  const site = callSite(service);
  if (spec.run) rememberDefinition(spec.name, site);
  const { needs } = spec;
  const described = {
    code: [],
    env: {},
    secrets: [],
    inherits: [],
    cwd: undefined,
    resources: {},
    scheme: 'http',
    command: undefined,
    run: undefined,
    version: undefined,
    observe: undefined,
    ...spec,
    definedAt: site.at,
    madeIn: site.madeIn,
    needs: typeof needs === 'function' ? needs : () => needs ?? [],
  } as unknown as ServiceSpec;
  return (inputs, options = {}) => {
    checkCall(spec, inputs, options);
    const node: ServiceNode = { type: 'service', spec: described, inputs: inputs, options };
    return new Ref<Endpoint>({ node, output: 'endpoint', keys: [] });
  };
}
