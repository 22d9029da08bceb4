import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Problem } from '../../../cache/problem.ts';

/** Whether a request may come in: always without a key, and else with the header `Authorization: Api-Key <key>`. */
export function isWelcome({ headers }: IncomingMessage, apiKey: string | undefined): boolean {
  if (apiKey === undefined) return true;
  // Digests are of one length, and comparing them tells nothing of the key.
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Api-Key ${apiKey}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whoever can reach the port can use the policy, so other machines may only with a key. */
export function refuseOpenHost(host: string, apiKey: string | undefined): void {
  if (apiKey === '') {
    throw new Problem('api-key-empty', 'The API key is empty.', { hint: 'Set it to a long random text.' });
  }
  if (apiKey !== undefined || isLoopback(host)) return;
  throw new Problem('api-key-missing', `On ${host} other machines could reach the policy, and there is no API key.`, {
    hint: 'Put a key into a variable and name it: --api-key-env POLICY_KEY. Or stay on this machine: --host 127.0.0.1',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
