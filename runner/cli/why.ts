import { openSession } from '../session.ts';
import { explain } from '../why.ts';
import { paint } from '../views/paint.ts';
import { exitCodes } from './exit-codes.ts';
import type { Io } from './io.ts';
import type { Options } from './options.ts';
import { sessionRequest } from './session-options.ts';

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
