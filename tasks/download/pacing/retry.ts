import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, Problem } from '../../../cache/problem.ts';

/** Something that may work when it is tried again: a dropped connection, a server that is busy. */
export class Transient extends Error {
  /** What the server asked for, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, { cause, retryAfterSeconds }: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export interface Patience {
  /** Failures in a row, without a byte of progress between them, after which one gives up. */
  readonly tries: number;
  /** Before the second try; doubled each time. */
  readonly firstWaitSeconds: number;
  readonly longestWaitSeconds: number;
}

/** Outlives a server's restart or three minutes without network. */
export const usualPatience: Patience = { tries: 12, firstWaitSeconds: 0.5, longestWaitSeconds: 30 };

/**
 * Runs `body` until it ends with anything but a `Transient`. `progress` tells how far it is, in any unit: a try that got
 * further than all before it starts the count anew.
 *
 * Throws `unreachable` when patience ends, and what `signal` says as soon as it is aborted.
 */
export async function patiently<T>(
  body: () => Promise<T>,
  { what, patience, signal, progress = () => 0 }: Trying,
): Promise<T> {
  let furthest = progress();
  for (let failures = 0; ; ) {
    signal.throwIfAborted();
    try {
      return await body();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Transient)) throw error;
      failures = progress() > furthest ? 1 : failures + 1;
      furthest = Math.max(furthest, progress());
      if (failures >= patience.tries) throw gaveUp(what, failures, error);
      await delay(waitSeconds(failures, patience, error) * 1000, undefined, { signal }).catch(() => undefined); // aborted: said above
    }
  }
}

interface Trying {
  /** What is tried, in words that follow "after 12 tries: ". */
  readonly what: string;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  readonly progress?: () => number;
}

function waitSeconds(failures: number, patience: Patience, { retryAfterSeconds }: Transient): number {
  const wait = Math.max(patience.firstWaitSeconds * 2 ** (failures - 1), retryAfterSeconds ?? 0);
  return Math.min(wait, patience.longestWaitSeconds);
}

function gaveUp(what: string, tries: number, cause: Transient): Problem {
  return new Problem('unreachable', `Gave up after ${tries} tries: ${what}: ${messageOf(cause)}.`, {
    hint: 'Look at the network (proxies are taken from https_proxy), then run again: what arrived is not fetched twice.',
    cause,
  });
}
