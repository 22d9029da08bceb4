import type { GraphNode } from '../../pipelines/core/graph.ts';
import { mergeResources, type Resources } from '../../tasks/core/resources.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import type { ToPlace } from '../executors/placement.ts';
import { taskOf } from '../keys/service-task.ts';
import { type GivenInputs, givenInputs } from './known-inputs.ts';

/** A node that runs a program or a body, with what can be known of its job before its inputs exist. */
export interface LookedAt {
  readonly address: string;
  readonly label: string;
  readonly spec: TaskSpec;
  readonly given: GivenInputs;
  readonly toPlace: ToPlace;
}

/** Looks at each node once, whoever asks and however often: graphs have ten thousands of them. Nothing for those that only wire. */
export class Looks {
  readonly #looked = new Map<string, LookedAt | undefined>();

  of(nodes: readonly GraphNode[]): LookedAt[] {
    return nodes.flatMap((node) => {
      const { address } = node;
      if (!this.#looked.has(address)) this.#looked.set(address, look(node));
      const looked = this.#looked.get(address);
      return looked ? [looked] : [];
    });
  }
}

function look({ address, label, node }: GraphNode): LookedAt | undefined {
  const spec = taskOf(node);
  if (!spec || !('inputs' in node)) return undefined;
  const given = givenInputs(spec, node.inputs);
  const resources = mergeResources(askedBy(spec, given.known), node.options.resources);
  const toPlace = { task: spec.name, label, isTypeScript: spec.run !== undefined, resources };
  return { address, label, spec, given, toPlace };
}

/** Resources may depend on inputs that do not exist yet; then the node is asked about when it is ready. */
function askedBy(spec: TaskSpec, known: Readonly<Record<string, unknown>>): Resources {
  try {
    return spec.resources(known);
  } catch {
    return {}; // it looked into what does not exist yet
  }
}
