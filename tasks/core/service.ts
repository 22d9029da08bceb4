import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import { callSite, checkCall } from './call.ts';
import type { CallOptions, ServiceNode } from './node.ts';
import { type OrRef, Ref } from './ref.ts';
import type { Resources } from './resources.ts';
import type { CodeInput, Given, Parsed, Readiness, ServiceSpec, Shape } from './spec.ts';

/** The address of a running service. In a recipe it counts as its service's fingerprint, never as an address. */
export interface Endpoint {
  readonly url: string;
}

export const endpoint: z.ZodType<Endpoint, Endpoint> = z.object({ url: z.string() });

/** Declares a process that is up while others need it; calling it gives its endpoint. */
export function service<I extends Shape>(spec: {
  name: string;
  inputs: I;
  code?: readonly (string | CodeInput)[];
  env?: Readonly<Record<string, string>>;
  secrets?: readonly string[];
  cwd?: (inputs: Parsed<I>) => string;
  resources?: Resources;
  ready: Readiness;
  command: (inputs: Parsed<I>, port: number) => readonly string[];
}): (inputs: { readonly [K in keyof Given<I>]: OrRef<Given<I>[K]> }, options?: CallOptions) => Ref<Endpoint> {
  if (!spec.name) throw new Problem('wrong-service', 'A service needs a name.');
  const described = {
    code: [],
    env: {},
    secrets: [],
    cwd: undefined,
    resources: {},
    ...spec,
    definedAt: callSite(service),
  } as unknown as ServiceSpec;
  return (inputs, options = {}) => {
    checkCall(spec.name, spec.inputs, inputs);
    const node: ServiceNode = { type: 'service', spec: described, inputs: inputs, options };
    return new Ref<Endpoint>({ node, output: 'endpoint', keys: [] });
  };
}
