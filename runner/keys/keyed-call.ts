import type { Digest } from '../../cache/digest.ts';
import type { Recipe } from '../../cache/recipe.ts';
import { mergeResources, type Resources } from '../../tasks/core/resources.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { ToPlace } from '../executors/placement.ts';
import type { DeclaredType } from './declared-type.ts';

/** An instance whose inputs are checked and whose recipe is known. */
export interface KeyedCall {
  readonly instance: Instance;
  readonly spec: TaskSpec;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly recipe: Recipe;
  readonly fingerprint: Digest;
  /** What its outputs are declared as, by name. */
  readonly types: Readonly<Record<string, DeclaredType>>;
}

/** What a job asks for: its task's wishes, and over them those of the call. */
export function resourcesOf({ spec, inputs, instance }: KeyedCall): Resources {
  const { node } = instance.of;
  return mergeResources(spec.resources(inputs), 'options' in node ? node.options.resources : undefined);
}

/** What the site's `place` decides by. */
export function toPlace(call: KeyedCall): ToPlace {
  const { spec, instance } = call;
  return {
    task: spec.name,
    label: instance.label,
    isTypeScript: spec.run !== undefined,
    resources: resourcesOf(call),
  };
}
