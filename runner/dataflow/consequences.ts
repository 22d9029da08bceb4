/** What follows from a change. Chains are as long as they are, so consequences are queued and not called. */
export class Consequences {
  readonly #steps: (() => void)[] = [];
  #isDraining = false;

  add(step: () => void): void {
    this.#steps.push(step);
  }

  /** Takes every step, with those that the steps add. Within a step it does nothing: the outermost call takes them all. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let i = 0; i < this.#steps.length; i += 1) this.#steps[i]?.();
    } finally {
      this.#steps.length = 0;
      this.#isDraining = false;
    }
  }
}
