import { makePlan, type Plan } from '../../plan/plan.ts';
import { checkTypes } from '../../project/check-types.ts';
import { openSession } from '../../project/session.ts';
import { paint } from '../../views/paint.ts';
import { withStore } from '../../views/suggest.ts';
import { planLines } from '../../views/plan-lines.ts';
import { sayEnvReads } from '../driving/say-env-reads.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { checkNames } from '../../project/names.ts';
import { sessionRequest } from '../common/session-options.ts';

interface PlanOptions {
  readonly until?: string;
  readonly force?: string[];
  readonly executor?: string;
  readonly strict?: boolean;
}

export async function plan(io: Io, [name = '', ...overrides]: readonly string[], options: Options): Promise<number> {
  const session = await openSession(sessionRequest(io, name, overrides, options));
  try {
    const { until, force, executor, strict = session.site.strict } = options as PlanOptions;
    checkNames(session.graph, { until, force });
    const types = options.types === false ? undefined : checkTypes(session, io.warn);
    await sayEnvReads(session, io.warn);
    const plan = await makePlan(session, { executor, until, force });
    if (options.json) io.print(planJson(session.pipelineName, plan));
    else {
      const lines = planLines(session.pipelineName, plan, paint(io.stdout.hasColor));
      for (const line of lines) io.print(withStore(line, io.storeFolder));
    }
    await types?.refuse();
    if (plan.refusals.length > 0) return exitCodes.site;
    return strict && (plan.gaps ?? []).length > 0 ? exitCodes.usage : exitCodes.fine;
  } finally {
    await session.close();
  }
}

function planJson(pipeline: string, { nodes, refusals, notes, gaps }: Plan): string {
  return JSON.stringify({ pipeline, nodes, refusals, notes, gaps });
}
