import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../tasks/core/package-root.ts';
import type { Step } from './drawn-round.ts';
import { sourcesOf } from './sources.ts';
import { at, type World } from './world.ts';

/** A project in a folder of its own, as its author has it now. */
export class Repository {
  readonly folder: string;
  readonly #steps: readonly Step[];
  /** A folder that tasks adopt; of all repositories of a round. */
  readonly #adopted: string;

  constructor(
    folder: string,
    { subject, adopted, steps }: { subject: string; adopted: string; steps: readonly Step[] },
  ) {
    this.folder = folder;
    this.#steps = steps;
    this.#adopted = adopted;
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    symlinkSync(subject, join(folder, 'node_modules', 'stet'));
    symlinkSync(join(packageRoot(), 'node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
  }

  /** Writes what differs, each file whole, as editors do. */
  write(world: World): void {
    const texts = [...sourcesOf(this.#steps, world, this.#adopted)].map(
      ([path, text]) => [join(this.folder, path), text] as const,
    );
    for (const [path, text] of [...texts, [join(this.#adopted, 'f'), `${at(world, 'adopted')}\n`] as const]) {
      if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}~`, text);
      renameSync(`${path}~`, path);
    }
  }
}
