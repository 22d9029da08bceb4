import { join } from 'node:path';
import type { Digest } from '../../cache/digest.ts';
import { acquireLock, type Lock, lockOwner } from '../../cache/lock.ts';

/** The fingerprints that one run works on, so that no other run does. */
export class Leases {
  readonly #folder: string;
  readonly #owner: string;
  readonly #locks = new Map<Digest, Lock>();

  constructor(storeRoot: string, run: string) {
    this.#folder = join(storeRoot, 'locks');
    this.#owner = `run ${run}`;
  }

  has(fingerprint: Digest): boolean {
    return this.#locks.has(fingerprint);
  }

  /** False when another run has it. */
  take(fingerprint: Digest): boolean {
    if (this.#locks.has(fingerprint)) return true;
    const lock = acquireLock(this.#folder, fingerprint, { owner: this.#owner });
    if (lock) this.#locks.set(fingerprint, lock);
    return lock !== undefined;
  }

  /**
   * Whether it is still ours: whoever stood still for longer than a heartbeat may be late has been taken for dead. Asked before
   * anything is written that others with this fingerprint read.
   */
  holds(fingerprint: Digest): boolean {
    const lock = this.#locks.get(fingerprint);
    if (lock?.isHeld()) return true;
    lock?.release(); // which leaves what is another's
    this.#locks.delete(fingerprint);
    return false;
  }

  /** Those that others have taken over since the last look. */
  takeLost(): Digest[] {
    return [...this.#locks.keys()].filter((fingerprint) => !this.holds(fingerprint));
  }

  /** Who has it, in words. */
  ownerOf(fingerprint: Digest): string {
    const owner = lockOwner(this.#folder, fingerprint);
    return owner ? `${owner.owner} (process ${owner.pid} on ${owner.host})` : 'another run';
  }

  release(fingerprint: Digest): void {
    this.#locks.get(fingerprint)?.release();
    this.#locks.delete(fingerprint);
  }

  releaseAll(): void {
    for (const fingerprint of [...this.#locks.keys()]) this.release(fingerprint);
  }
}
