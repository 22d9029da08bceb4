import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { TestContext } from 'node:test';

/**
 * A pipe that processes hold open: `exec 9>"$0/life"` in a script, and whatever it starts holds it too. Tells whether any of
 * them lives, also where their ids mean nothing here, as in the namespaces of a node.
 */
export class Lifeline {
  readonly #end: number;

  constructor(t: Pick<TestContext, 'after'>, path: string) {
    execFileSync('mkfifo', [path]);
    this.#end = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    t.after(() => closeSync(this.#end));
  }

  /** False also before the first has opened it. */
  isHeld(): boolean {
    try {
      return readSync(this.#end, Buffer.alloc(1)) > 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return true; // somebody could still write
      throw error;
    }
  }
}
