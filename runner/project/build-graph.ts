import { messageOf, Problem } from '../../cache/problem.ts';
import { buildGraph, type Graph } from '../../pipelines/core/graph.ts';
import type { Point } from '../../pipelines/core/overrides.ts';
import type { Pipeline } from '../../pipelines/core/pipeline.ts';
import { refuseWrongResults } from '../../pipelines/core/wanted.ts';
import { withoutExit } from './without-exit.ts';

/**
 * The graph of a pipeline at some points. Pure, so that the driver, a resumed run and every worker get the same graph.
 * In a sweep the results of each point stand under its label, and what points share is one node.
 */
export function graphOf(pipeline: Pipeline, points: readonly Point[]): Graph {
  const wanted = points.map(({ label, params }) => [label, build(pipeline, params)] as const);
  return buildGraph(points.length === 1 ? wanted[0]?.[1] : Object.fromEntries(wanted));
}

function build(pipeline: Pipeline, params: Record<string, unknown>): unknown {
  let wanted: unknown;
  try {
    wanted = withoutExit(`Pipeline ${pipeline.pipelineName}`, () => pipeline.build(params));
  } catch (cause) {
    if (Problem.is(cause)) throw cause;
    throw new Problem(
      'pipeline-broken',
      `Pipeline ${pipeline.pipelineName} threw while it was built: ${messageOf(cause)}`,
      { cause },
    );
  }
  refuseWrongResults(pipeline.pipelineName, wanted);
  return wanted;
}
