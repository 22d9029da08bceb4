import { mkdir, realpath, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileProblem } from '../../../cache/file-problem.ts';
import { Problem } from '../../../cache/problem.ts';

/** Gives whole files their names in a folder; a link there that leads out of it is not followed. */
export class Placer {
  readonly #folder: string;
  readonly #safe = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Moves a file to its name; what had the name is replaced. */
  async place(path: string, name: string): Promise<void> {
    const to = join(this.#folder, name);
    try {
      await this.#prepare(dirname(to));
      await rename(path, to);
    } catch (cause) {
      throw fileProblem(cause, to);
    }
  }

  async #prepare(parent: string): Promise<void> {
    if (this.#safe.has(parent)) return;
    // Before anything is made in it: the folder above may be a link to elsewhere.
    if (parent !== this.#folder) await this.#prepare(dirname(parent));
    await mkdir(parent, { recursive: true });
    const inside = relative(await realpath(this.#folder), await realpath(parent));
    if (inside === '..' || inside.startsWith('../')) {
      throw new Problem('link-leaves-folder', `${parent} is a link that leads out of ${this.#folder}.`, {
        hint: 'Remove it, or download into an empty folder.',
      });
    }
    this.#safe.add(parent);
  }
}
