import { Problem } from '../../../cache/problem.ts';
import { refuseUnwritable } from '../../../cache/shared-store.ts';
import { cannotRun, mainPlace, type PlanAsked, refusalLines, refusalsOf } from '../../plan/plan.ts';
import type { Session } from '../../project/session.ts';

/** What the site lacks, before anything starts: hours of work must not end in a node that never could run. */
export async function refuseUnfit(session: Session, { until, executor, force }: PlanAsked): Promise<void> {
  refuseUnwritable(session.storeRoot);
  const refusals = await refusalsOf(session, { until, executor, force });
  if (refusals.length === 0) return;
  const lines = refusals.flatMap(refusalLines);
  const place = await mainPlace(session, executor);
  throw new Problem('site-lacks', [cannotRun(place), ...lines].join('\n'), {
    hint: '`pipeline doctor` says what is here.',
  });
}
