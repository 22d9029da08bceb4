import { openSession } from '../../project/session.ts';
import { gapHeading } from '../../plan/gaps.ts';
import { explain } from '../../plan/why.ts';
import { paint } from '../../views/paint.ts';
import { exitCodes } from '../common/exit-codes.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from '../common/options.ts';
import { sessionRequest } from '../common/session-options.ts';

export async function why(
  io: Io,
  [name = '', node = '', ...overrides]: readonly string[],
  options: Options,
): Promise<number> {
  const session = await openSession(sessionRequest(io, name, overrides, options));
  try {
    const { bold, dim } = paint(io.stdout.hasColor);
    const explanations = await explain(session, node);
    for (const { label, reason, lines } of explanations) {
      // Several differences read better below each other than in one sentence.
      if (lines.length < 2) io.print(reason.replace(label, () => bold(label)));
      else for (const line of [`${bold(label)} will run:`, ...lines.map((text) => `  ${text}`)]) io.print(line);
    }
    const [gaps = []] = explanations.map((one) => one.gaps);
    if (gaps.length > 0) io.print(gapHeading);
    for (const { what, advice } of gaps) for (const line of [`  ${what}`, dim(`    ${advice}`)]) io.print(line);
    return exitCodes.fine;
  } finally {
    await session.close();
  }
}
