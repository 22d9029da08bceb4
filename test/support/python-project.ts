import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type PythonOptions, pythonClosure } from '../../cache/code/python.ts';
import { tempFolder } from './temp-folder.ts';

type Files = Readonly<Record<string, string | Buffer | undefined>>;

/** A folder with these files. */
export function pythonProject(t: Pick<TestContext, 'after'>, files: Files): string {
  const root = tempFolder(t);
  writeFiles(root, files);
  return root;
}

/** `undefined` takes a file away. */
export function writeFiles(root: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    if (content === undefined) {
      rmSync(full);
      continue;
    }
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
}

interface Edited {
  readonly entry?: string;
  readonly options?: PythonOptions;
}

/** A project whose code changes with each of some edits, and with none of others. */
export class EditedProject {
  readonly root: string;
  readonly #files: Files;
  readonly #entry: string;
  readonly #options: PythonOptions;

  constructor(t: Pick<TestContext, 'after'>, files: Files, { entry = 'main.py', options = {} }: Edited = {}) {
    this.root = pythonProject(t, files);
    this.#files = files;
    this.#entry = entry;
    this.#options = options;
  }

  /** What changes when these files are others; all is as it was afterwards. */
  changedBy(edit: Files): string[] {
    const before = this.digests();
    writeFiles(this.root, edit);
    const after = this.digests();
    writeFiles(this.root, Object.fromEntries(Object.keys(edit).map((path) => [path, this.#files[path]])));
    assert.deepEqual(this.digests(), before);
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.filter((name) => before[name] !== after[name]).sort();
  }

  digests(): Readonly<Record<string, string>> {
    return pythonClosure(this.root, this.#entry, this.#options).digests;
  }

  gaps(): string[] {
    return pythonClosure(this.root, this.#entry, this.#options).gaps.map(({ what }) => what);
  }
}
