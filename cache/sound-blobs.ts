import type { Blobs } from './blobs.ts';
import type { Digest } from './digest.ts';
import { Samples } from './samples.ts';

/** From this size on, bytes of a blob that is linked or cloned are sampled. */
const sampledBytes = 8 * 1024 * 1024;

/** What is known of blobs: which were read in full and found right, and which at a glance. */
export class SoundBlobs {
  readonly #blobs: Blobs;
  readonly #samples: Samples;
  readonly #glanced = new Map<Digest, string>();

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
    this.#samples = new Samples(blobs.root);
  }

  /** To be called when it was just stored: its bytes were hashed on their way in. */
  remember(digest: Digest, sizeBytes: number): void {
    if (sizeBytes < sampledBytes) return;
    const stats = this.#blobs.inodeOf(digest);
    if (stats) this.#samples.remember(digest, this.#blobs.pathOf(digest), stats.content);
  }

  /** Whether all of its bytes are right; read once for as long as nobody touches the file. */
  isWhole(digest: Digest, sizeBytes: number): boolean {
    const isWhole = this.#blobs.isWhole(digest);
    if (isWhole) this.remember(digest, sizeBytes);
    return isWhole;
  }

  /** Whether a large blob is the file that was found right before, and some of its blocks are as they were; else as `isWhole`. */
  looksWhole(digest: Digest, sizeBytes: number): boolean {
    const stats = this.#blobs.inodeOf(digest);
    if (stats === undefined) return false;
    if (sizeBytes < sampledBytes) return this.isWhole(digest, sizeBytes);
    const found = this.#samples.check(digest, this.#blobs.pathOf(digest), stats.content);
    if (found === 'unknown') return this.isWhole(digest, sizeBytes);
    if (found === 'same') this.#glanced.set(digest, stats.all);
    return found === 'same';
  }

  isSampled(sizeBytes: number): boolean {
    return sizeBytes >= sampledBytes;
  }

  /** Whether nobody but us has touched the file since it was last looked at here: not its bytes, its times, its mode or its names. */
  isUntouched(digest: Digest): boolean {
    return this.#isGlanced(digest) || this.#blobs.isKnownWhole(digest);
  }

  /** Does what gives the files another name or takes one away, which is no reason to read them again. */
  keeping<T>(digests: readonly Digest[], act: () => T): T {
    const glanced = digests.filter((digest) => this.#isGlanced(digest));
    const whole = digests.filter((digest) => this.#blobs.isKnownWhole(digest));
    const result = act();
    for (const digest of glanced) this.#glanced.set(digest, this.#blobs.inodeOf(digest)?.all ?? '');
    for (const digest of whole) this.#blobs.noteWhole(digest);
    return result;
  }

  forget(): void {
    this.#glanced.clear();
    this.#blobs.forgetWhole();
  }

  #isGlanced(digest: Digest): boolean {
    const known = this.#glanced.get(digest);
    return known !== undefined && known === this.#blobs.inodeOf(digest)?.all;
  }
}
