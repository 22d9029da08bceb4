import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';

/** The address of a running service. In a recipe it counts as its service's fingerprint, never as an address. */
export interface Endpoint {
  readonly url: string;
}

const promised = Symbol.for('stet.promised-endpoint');

/** The endpoint of a service of the graph, wherever it will be: known by what it serves long before it is up. */
export class PromisedEndpoint implements Endpoint {
  readonly [promised] = true;
  /** Of the service's instance in the run. */
  readonly address: string;
  readonly fingerprint: string;

  constructor({ address, fingerprint }: { address: string; fingerprint: string }) {
    this.address = address;
    this.fingerprint = fingerprint;
  }

  get url(): string {
    throw new Problem('service-not-up', `The address of ${this.address} was asked for before it is up.`, {
      hint: 'Take the whole endpoint as an input, and use its url in `command` or `run`; in `observe`, ask isPromised first.',
    });
  }
}

export const endpoint: z.ZodType<Endpoint, Endpoint> = z
  .custom<Endpoint>(isPromised)
  .or(z.object({ url: z.string() }, { error: 'an endpoint is { url }, or what a service gives' }));

/**
 * Whether an endpoint is of a service of the graph: its recipe counts for whoever takes it, and it has an address only
 * while `command` or `run` are at work. An endpoint given by its url is not: whoever takes it observes what is there.
 */
export function isPromised(value: unknown): value is PromisedEndpoint {
  return typeof value === 'object' && value !== null && promised in value;
}
