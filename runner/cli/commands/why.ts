import { openSession } from '../../project/session.ts';
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
    const { bold } = paint(io.stdout.hasColor);
    for (const { label, reason, lines } of await explain(session, node)) {
      // Several differences read better below each other than in one sentence.
      if (lines.length < 2) io.print(reason.replace(label, () => bold(label)));
      else for (const line of [`${bold(label)} will run:`, ...lines.map((text) => `  ${text}`)]) io.print(line);
    }
    return exitCodes.fine;
  } finally {
    await session.close();
  }
}
