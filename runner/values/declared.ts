import { z } from 'zod';
import type { Json } from '../../cache/canonical-json.ts';
import { Problem } from '../../cache/problem.ts';
import { isArtifact, kindOf } from '../../tasks/core/artifact.ts';
import { isPromised } from '../../tasks/core/endpoint.ts';
import { keyOf } from '../../tasks/core/keyed-list.ts';
import type { Shape, TaskSpec } from '../../tasks/core/spec.ts';
import { streamOf } from '../../tasks/core/stream.ts';
import { mapPlain } from './leaves.ts';
import { storedKey } from './stored.ts';

/** A value as recipes see it: of an artifact or a service only what it is, not where it lies nor what is known of it. */
export function forRecipe(value: unknown): Json {
  if (isArtifact(value)) return { $artifact: { kind: value.kind, digest: value.digest } };
  if (isPromised(value)) return { $service: value.fingerprint };
  return mapPlain(value, forRecipe, storedKey);
}

const objects = new WeakMap<Shape, z.ZodObject>();

/** Checks resolved inputs and fills in defaults. Throws `wrong-inputs` with every field that does not fit. */
export function parseInputs(spec: Pick<TaskSpec, 'name' | 'inputs'>, given: unknown): Record<string, unknown> {
  const object = objects.get(spec.inputs) ?? z.object(spec.inputs);
  objects.set(spec.inputs, object);
  const parsed = object.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Problem('wrong-inputs', `${spec.name} got inputs that do not fit:\n${z.prettifyError(parsed.error)}`);
}

/** What an output is declared as, for the recipe: another type makes another task. */
export function describeOutput(type: z.ZodType): string {
  const stream = streamOf(type);
  if (stream) return `stream of ${kindOf(stream.item)?.name ?? 'values'} at ${stream.match}`;
  const key = keyOf(type);
  return kindOf(type)?.name ?? (key === undefined ? 'value' : `list by ${key}`);
}
