/** How many jobs of one driver may be in the queue. */
export class QueueRoom {
  readonly #most: number;
  #isFull = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** A queue that was full takes more once a tenth of it is free: so what follows comes as few arrays, and not one by one. */
  hasRoom(queued: number): boolean {
    const most = this.#most;
    this.#isFull = queued >= (this.#isFull ? most - Math.max(1, Math.floor(most / 10)) + 1 : most);
    return !this.#isFull;
  }
}
