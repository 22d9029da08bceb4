/** How many elements of an array are offered to Slurm at a time: fewer when it refused as many, and more again as it takes them. */
export class Portion {
  #most = Number.POSITIVE_INFINITY;

  get most(): number {
    return this.#most;
  }

  /** So many were too many. */
  refused(count: number): void {
    this.#most = Math.max(1, Math.min(this.#most, Math.floor(count / 2)));
  }

  /** So many were taken. */
  taken(count: number): void {
    if (count >= this.#most) this.#most *= 2;
  }
}
