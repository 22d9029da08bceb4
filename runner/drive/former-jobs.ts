import type { Digest } from '../../cache/digest.ts';
import { endFormerJob, formerJob } from '../job/fence.ts';

/** Jobs that other drivers have left, and that still run: nobody starts another of the same fingerprint beside one. */
export class FormerJobs {
  readonly #root: string;
  /** What runs, in words, of those that are being ended. */
  readonly #ending = new Map<Digest, string>();

  constructor(storeRoot: string) {
    this.#root = storeRoot;
  }

  /** What still runs for a fingerprint whose lease is ours, in words; undefined when nothing does. It is made to end. */
  atWork(fingerprint: Digest): string | undefined {
    const known = this.#ending.get(fingerprint);
    if (known !== undefined) return known;
    const former = formerJob({ root: this.#root, fingerprint });
    if (former?.is !== 'here') return undefined;
    const words = `what an earlier driver left (${former.names.join(', ')})`;
    this.#ending.set(fingerprint, words);
    void endFormerJob(former).finally(() => this.#ending.delete(fingerprint));
    return words;
  }
}
