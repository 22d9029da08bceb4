/**
 * Lines that are written together: a graph of ten thousand known nodes has as many in a second, and each write is a call.
 * They are written when they are many, when they are flushed, and at the latest when the event loop comes round.
 */
export class Lines {
  readonly #write: (text: string) => void;
  readonly #most: number;
  #held: string[] = [];
  #next: NodeJS.Immediate | undefined;
  #failed: { readonly error: unknown } | undefined;

  constructor(write: (text: string) => void, most: number) {
    this.#write = write;
    this.#most = most;
  }

  add(line: string): void {
    this.#held.push(line);
    if (this.#held.length >= this.#most) this.flush();
    else this.#next ??= setImmediate(() => this.#flushLater());
  }

  /** Throws what the write throws, also when that was later than the line. */
  flush(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    if (this.#failed) throw this.#failed.error;
    if (this.#held.length === 0) return;
    const text = `${this.#held.join('\n')}\n`;
    this.#held = [];
    this.#write(text);
  }

  #flushLater(): void {
    try {
      this.flush();
    } catch (error) {
      this.#failed = { error };
    }
  }
}
