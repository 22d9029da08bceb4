import type { Graph } from '../../pipelines/core/graph.ts';
import { Dataflow } from '../dataflow/dataflow.ts';
import { QueuedNodes } from './queued-nodes.ts';
import { SharedCalls } from './shared-calls.ts';

/** One way through the graph. A run has several when its store has lost what was taken for known: each looks everything up anew. */
export class Pass {
  readonly dataflow: Dataflow;
  readonly shared = new SharedCalls();
  readonly queue: QueuedNodes;

  constructor(graph: Graph, only: ReadonlySet<string> | undefined, secondsOf: (address: string) => number | undefined) {
    this.dataflow = new Dataflow(graph, only);
    this.queue = new QueuedNodes(graph, secondsOf);
  }
}
