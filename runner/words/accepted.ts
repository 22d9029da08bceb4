import type { Acceptance } from '../../cache/records.ts';

/** `accepted: the same as the result of run 0003 (1f2e3d4c5b), by ada: only a log line changed`. */
export function acceptedInWords(acceptance: Acceptance): string {
  return `accepted: the same as ${oldResult(acceptance)}, by ${acceptance.by}${whySaid(acceptance)}`;
}

/** The result that was accepted, as people know it. */
export function oldResult({ as, run }: Pick<Acceptance, 'as' | 'run'>): string {
  return `the result of run ${run} (${shortPrint(as)})`;
}

export function whySaid({ why }: Pick<Acceptance, 'why'>): string {
  return why === undefined ? '' : `: ${why}`;
}

/** Enough of a fingerprint to tell it from all others of a store. */
export function shortPrint(fingerprint: string): string {
  return fingerprint.replace('sha256:', '').slice(0, 10);
}
