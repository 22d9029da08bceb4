import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, realpathSync, renameSync } from 'node:fs';
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
  /** By fingerprint, the newest first; read when it is first asked for. */
  #lost: Map<string, Submission[]> | undefined;

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

  /** Its job was lost, and another is to follow: what it may still come to is looked for before that. */
  lose(fingerprint: Digest): void {
    const path = this.#path(fingerprint);
    const submission = readJson(path, Submission);
    if (!submission) return;
    mkdirSync(this.#lostFolder, { recursive: true });
    renameSync(path, this.#lostPath(submission));
    this.#lostOnes().set(fingerprint, [submission, ...this.lostOf(fingerprint)]);
  }

  /** Jobs of this fingerprint that were lost, the newest first. */
  lostOf(fingerprint: string): readonly Submission[] {
    return this.#lostOnes().get(fingerprint) ?? [];
  }

  /** One that was lost is to be taken over after all. */
  find(submission: Submission): void {
    renameSync(this.#lostPath(submission), this.#path(submission.fingerprint));
    const others = this.lostOf(submission.fingerprint).filter(({ token }) => token !== submission.token);
    this.#lostOnes().set(submission.fingerprint, others);
  }

  /** Nobody asks any more what became of them. */
  forgetLost(fingerprint: Digest): void {
    for (const submission of this.lostOf(fingerprint)) removeFile(this.#lostPath(submission));
    this.#lostOnes().delete(fingerprint);
  }

  #lostOnes(): Map<string, Submission[]> {
    if (this.#lost) return this.#lost;
    const read = namesIn(this.#lostFolder).flatMap((name) => readJson(join(this.#lostFolder, name), Submission) ?? []);
    const inside = read.filter(({ folder }) => this.#isInside(folder)).sort((a, b) => b.attempt - a.attempt);
    this.#lost = new Map();
    for (const one of inside) this.#lost.set(one.fingerprint, [...this.lostOf(one.fingerprint), one]);
    return this.#lost;
  }

  get #lostFolder(): string {
    return join(this.#folder, 'lost');
  }

  #lostPath({ token }: Submission): string {
    return join(this.#lostFolder, `${createHash('sha256').update(token).digest('hex')}.json`);
  }

  fingerprints(): Set<string> {
    const names = namesIn(this.#folder).filter((name) => name.endsWith('.json'));
    return new Set(names.map((name) => `sha256:${name.replace(/\.json$/, '')}`).filter(isDigest));
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

/** None where nothing was ever submitted, or lost. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
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
