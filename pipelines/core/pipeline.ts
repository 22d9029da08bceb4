import { z } from 'zod';
import { Problem } from '../../cache/problem.ts';
import type { Ref } from '../../tasks/core/ref.ts';
import type { Shape } from '../../tasks/core/spec.ts';

export { grid, range } from './grid.ts';

const brand = Symbol.for('stet.pipeline');

/** What a run is to produce: refs, in lists and records of any depth. The names of a record are the names of its results. */
export type Wanted = Ref<unknown> | readonly Wanted[] | { readonly [name: string]: Wanted };

/** Parameters of which any part may be given; lists are given whole. */
export type Partly<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: Partly<T[K]> } : T;

export interface PipelineOptions<P extends Shape> {
  description?: string;
  /** Named parameter sets for `--profile NAME`. */
  profiles?: Readonly<Record<string, Partly<z.input<z.ZodObject<P>>>>>;
}

export interface Pipeline<P extends Shape = Shape, W = unknown> {
  /** A pipeline inside a pipeline is a call, like a task. */
  (params: z.input<z.ZodObject<P>>): W;
  readonly pipelineName: string;
  readonly params: z.ZodObject<P>;
  readonly build: (params: z.output<z.ZodObject<P>>) => W;
  readonly options: PipelineOptions<P>;
}

/** Declares an experiment: a pure function from checked parameters to wanted refs. */
export function pipeline<P extends Shape, W extends Wanted>(
  name: string,
  params: P,
  build: (params: z.output<z.ZodObject<P>>) => W,
  options: PipelineOptions<P> = {},
): Pipeline<P, W> {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new Problem('wrong-pipeline', `"${name}" cannot name a pipeline.`, {
      hint: 'Use lower case, digits and hyphens.',
    });
  }
  const shape = z.strictObject(params) as z.ZodObject<P>;
  const call = (given: z.input<z.ZodObject<P>>): W => build(shape.parse(given));
  Object.defineProperty(call, 'name', { value: name });
  return Object.assign(call, { [brand]: true, pipelineName: name, params: shape, build, options });
}

/** Recognises a pipeline made by any copy of this module, frozen ones included. */
export function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'function' && brand in value;
}
