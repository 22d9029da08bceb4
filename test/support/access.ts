import { HttpClient } from '../../tasks/download/http/client.ts';
import type { Access } from '../../tasks/download/sources/source.ts';

/** Access to servers on loopback: waits are short, and only the given variables are set besides PATH. */
export function testAccess(env: Readonly<Record<string, string>> = {}, { idleSeconds = 5, tries = 4 } = {}): Access {
  const all = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env };
  return {
    env: all,
    http: new HttpClient(all, { idleSeconds }),
    patience: { tries, firstWaitSeconds: 0.005, longestWaitSeconds: 0.02 },
    signal: new AbortController().signal,
  };
}
