import type { Session } from '../../project/session.ts';

/** Says where code reads a variable of the environment that no task declares. */
export async function sayEnvReads(session: Session, warn: (message: string) => void): Promise<void> {
  if (session.loaded.envReads.length === 0) return;
  const { undeclaredReads } = await import('../../plan/undeclared-env.ts');
  for (const line of undeclaredReads(session)) warn(line);
}
