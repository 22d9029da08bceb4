import type { SessionRequest, StoreRequest } from '../../project/session.ts';
import type { Io } from '../../views/io.ts';
import type { Options } from './options.ts';

/** What opening a session takes, from a command line `NAME [overrides...]`. */
export function sessionRequest(
  io: Io,
  name: string,
  overrides: readonly string[],
  { profile }: Options,
): SessionRequest {
  return {
    name,
    overrides,
    profile: typeof profile === 'string' ? profile : undefined,
    ...storeOptions(io),
  };
}

export function storeOptions({ cwd, doors, storeFolder, warn }: Io): StoreRequest {
  return { cwd, doors, warn, storeFolder };
}
