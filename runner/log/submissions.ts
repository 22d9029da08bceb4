import { mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { isEntryPath, nameOf, parseDigest } from '../../cache/border.ts';
import { type Digest, digestPattern, isDigest } from '../../cache/digest.ts';
import { syncNow } from '../../cache/durable.ts';
import { Problem } from '../../cache/problem.ts';
import { removeFile } from '../../cache/remove.ts';
import { writeWhole } from '../../cache/write-whole.ts';
import { readJson } from '../files/read-json.ts';
import { Tries } from './tries.ts';

/**
 * A job that was handed, or is about to be handed, to a scheduler: enough for any later driver to find it by its name and take
 * what it gives. Written before the scheduler is asked; one for each fingerprint, under its lock.
 */
export const Submission = z.object({
  format: z.literal(3),
  executor: z.string(),
  fingerprint: z.string().regex(digestPattern),
  token: z.string(),
  /** What the scheduler calls it. */
  name: z.string(),
  index: z.int().optional(),
  pack: z.int().optional(),
  /** The run whose driver has it now, and the node's address and label there. */
  run: z.string().regex(/^\d{4,}$/),
  address: z.string(),
  label: z.string(),
  attempt: z.int(),
  /** Absolute, and in the store. */
  folder: z.string(),
  resources: z.record(z.string(), z.unknown()),
  /** Of shared outputs. */
  epoch: z.int().optional(),
  /** The work started from something that was left; its items were released before. */
  resuming: z.boolean(),
  /** What had failed before it. */
  tries: Tries,
});
export type Submission = z.infer<typeof Submission>;

/** The jobs that are with schedulers, whoever drives them. */
export class Submissions {
  readonly #folder: string;
  #isMade = false;

  constructor(storeRoot: string) {
    this.#folder = join(storeRoot, 'submitted');
  }

  write(submission: Submission): void {
    if (!this.#isMade && mkdirSync(this.#folder, { recursive: true })) syncNow(dirname(this.#folder));
    this.#isMade = true;
    writeWhole(this.#path(submission.fingerprint), JSON.stringify(submission), { lasting: true });
  }

  /** Throws `other-version` when the job was submitted by another version of this program, which alone can take it over. */
  read(fingerprint: string): Submission | undefined {
    const path = this.#path(fingerprint);
    // None, too, when its driver was killed before it asked the scheduler.
    const json = readJson(path, z.unknown());
    if (json === undefined) return undefined;
    const { data, success } = Submission.safeParse(json);
    if (success && data.fingerprint === fingerprint && this.#isInside(data.folder)) return data;
    if (success) {
      throw new Problem('wrong-submission', `A submission does not belong to the store that it lies in: ${path}.`, {
        hint: `It names ${data.fingerprint} and ${data.folder}. If this store was moved or copied, remove that file.`,
      });
    }
    const { name = 'one', executor = 'a scheduler' } = json as { name?: string; executor?: string };
    throw new Problem('other-version', `A job of another version of this program is with ${executor}: ${name}.`, {
      hint: `Finish the run with that version, or cancel the job (scancel --name=${name}) and remove ${path}`,
    });
  }

  remove(fingerprint: Digest): void {
    removeFile(this.#path(fingerprint));
  }

  fingerprints(): Set<string> {
    try {
      const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'));
      return new Set(names.map((name) => `sha256:${name.replace(/\.json$/, '')}`).filter(isDigest));
    } catch {
      return new Set(); // nothing was ever submitted
    }
  }

  /** Those that this version can take over. */
  all(): Submission[] {
    return [...this.fingerprints()].flatMap((fingerprint) => {
      return readJson(this.#path(fingerprint), Submission) ?? [];
    });
  }

  /** By its real path: one store may be reached in several ways. */
  #isInside(folder: string): boolean {
    const root = dirname(this.#folder);
    return isBelow(resolve(root), resolve(folder)) || isBelow(realOf(root), realOf(folder));
  }

  #path(fingerprint: string): string {
    return join(this.#folder, `${nameOf(parseDigest(fingerprint))}.json`);
  }
}

function isBelow(folder: string, path: string): boolean {
  return isEntryPath(relative(folder, path));
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // gone: by its name
  }
}
