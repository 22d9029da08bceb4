import { Problem } from '../../../cache/problem.ts';
import { Transient } from '../pacing/retry.ts';
import type { Answer } from './client.ts';

const passing = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Throws for an answer that is not one of `expected`: `Transient` where the server is only busy, else `access-denied`,
 * `not-found` or `wrong-answer`. `what` is what was asked for.
 */
export function refuseOtherStatus(answer: Answer, expected: readonly number[], what: string): void {
  const { status, headers, url, body } = answer;
  if (expected.includes(status)) return;
  body.destroy();
  if (passing.has(status)) {
    throw new Transient(`${url.host} answered ${status}`, { retryAfterSeconds: secondsOf(headers['retry-after']) });
  }
  if (status === 401 || status === 403) {
    throw new Problem('access-denied', `${url.host} does not give ${what} to everybody (${status}).`);
  }
  if (status === 404) throw new Problem('not-found', `There is no ${what} (${url.host} answered 404).`);
  throw new Problem('wrong-answer', `${url.host} answered ${status} when asked for ${what}.`);
}

/** Only seconds are read; a date would need the server's clock. */
function secondsOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}
