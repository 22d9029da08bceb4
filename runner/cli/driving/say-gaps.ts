import { Problem } from '../../../cache/problem.ts';
import { gapHeading, gapLines, gapsOf } from '../../plan/gaps.ts';
import { onlyUntil } from '../../project/names.ts';
import type { Session } from '../../project/session.ts';

interface Saying {
  readonly until?: string | undefined;
  /** Refuse to start. */
  readonly strict?: boolean | undefined;
  readonly warn: (message: string) => void;
}

/** Says what of the programs' code is not followed, each thing once. Throws `not-followed` where the site or the user is strict. */
export async function sayGaps(session: Session, { until, strict = session.site.strict, warn }: Saying): Promise<void> {
  const gaps = await gapsOf(session, onlyUntil(session.graph, until));
  if (gaps.length === 0) return;
  const lines = gaps.flatMap((gap) => {
    const [what, advice] = gapLines(gap);
    return [`  ${what}`, `    ${advice}`];
  });
  const text = [gapHeading, ...lines].join('\n');
  if (!strict) return warn(text);
  throw new Problem('not-followed', text, { hint: 'Add what it names to `code`, or run without --strict.' });
}
