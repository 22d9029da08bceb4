import type { GraphNode } from '../../pipelines/core/graph.ts';

export type Stage = 'waiting' | 'ready' | 'done' | 'failed' | 'skipped';

/** One node of the graph for one choice of items (outside every `each`: the node itself). */
export interface Instance {
  /** The graph address, with the items' keys behind it: `rollout[000500]`. */
  readonly address: string;
  readonly label: string;
  readonly of: GraphNode;
  readonly keys: readonly string[];
  stage: Stage;
  /** The inputs with every ref replaced; set once the instance is ready. */
  inputs: Readonly<Record<string, unknown>> | undefined;
  /** For a skipped instance: the address of the failure behind it. */
  because: string | undefined;
}
