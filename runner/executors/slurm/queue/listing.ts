import type { Submitted } from '../../executor.ts';
import type { QueueRow } from './queue-text.ts';

/** Rows by name, and within an array by index. An id alone says little: Slurm gives it to another job after a crash. */
export class Listing {
  readonly #rows: readonly QueueRow[];
  readonly #byName = new Map<string, QueueRow[]>();

  constructor(rows: readonly QueueRow[]) {
    this.#rows = rows;
    for (const row of rows) {
      const namesakes = this.#byName.get(row.name);
      if (namesakes) namesakes.push(row);
      else this.#byName.set(row.name, [row]);
    }
    for (const namesakes of this.#byName.values()) namesakes.sort((a, b) => (a.index ?? -1) - (b.index ?? -1));
  }

  find({ name, index }: Submitted): QueueRow | undefined {
    const namesakes = this.#byName.get(name) ?? [];
    if (namesakes.length < 9) return namesakes.find((row) => row.index === index);
    // Arrays are long, and asked for element by element.
    let [low, high] = [0, namesakes.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const at = namesakes[middle]?.index ?? -1;
      if (at === (index ?? -1)) return namesakes[middle];
      if (at < (index ?? -1)) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** Whatever has that id now, under any name. */
  withId(id: string, index: number | undefined): QueueRow | undefined {
    return this.#rows.find((row) => row.id === id && row.index === index);
  }

  /** Whether anything of that name is known, for example another element of the array. */
  has(name: string): boolean {
    return this.#byName.has(name);
  }
}
