import type { Digest } from '../../cache/digest.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';

/** Calls of one run with the same fingerprint: the first runs, the others take what it gives. */
export class SharedCalls {
  readonly #byFingerprint = new Map<Digest, { readonly owner: string; readonly followers: KeyedCall[] }>();

  /** The address of the call that runs for all of this fingerprint. */
  ownerOf(fingerprint: Digest): string | undefined {
    return this.#byFingerprint.get(fingerprint)?.owner;
  }

  lead({ fingerprint, instance }: KeyedCall): void {
    this.#byFingerprint.set(fingerprint, { owner: instance.address, followers: [] });
  }

  follow(call: KeyedCall): void {
    this.#byFingerprint.get(call.fingerprint)?.followers.push(call);
  }

  followersOf({ fingerprint }: KeyedCall): readonly KeyedCall[] {
    return this.#byFingerprint.get(fingerprint)?.followers ?? [];
  }

  /** Its owner has ended; gives those who wait for it. */
  dissolve({ fingerprint }: KeyedCall): readonly KeyedCall[] {
    const followers = this.#byFingerprint.get(fingerprint)?.followers ?? [];
    this.#byFingerprint.delete(fingerprint);
    return followers;
  }
}
