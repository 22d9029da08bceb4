import type { Event } from './events.ts';
import type { Tries } from './tries.ts';

/** What an earlier driver of a run meant to do next about a node that had failed. */
export interface TriesLeft {
  readonly fingerprint: string;
  readonly tries: Tries;
  /** The attempt that failed last. */
  readonly attempt: number;
}

/** Of nodes that failed, were to be tried again, and have not ended since; by address. */
export function triesLeft(events: readonly Event[]): Map<string, TriesLeft> {
  const left = new Map<string, TriesLeft>();
  const fingerprints = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'node-queued') fingerprints.set(event.address, event.fingerprint);
    else if (event.type === 'node-finished' || event.type === 'node-cached') left.delete(event.address);
    else if (event.type === 'node-failed') {
      const { address, tries, attempt, willRetry } = event;
      const fingerprint = fingerprints.get(address);
      if (!willRetry) left.delete(address);
      else if (tries && fingerprint) left.set(address, { fingerprint, tries, attempt });
    }
  }
  return left;
}
