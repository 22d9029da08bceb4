import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameOf } from './border.ts';
import { canonicalJson, isTable, type Json } from './canonical-json.ts';
import { type Digest, digestBytes, isDigest } from './digest.ts';
import { syncNow } from './durable.ts';
import { errorCode, fileProblem } from './file-problem.ts';
import { messageOf } from './problem.ts';
import { fingerprint as fingerprintOf, type Recipe } from './recipe.ts';
import { type Acceptance, artifactsIn, isStoredArtifact } from './record-text.ts';
import { readRegular } from './regular-file.ts';
import { removeFile } from './remove.ts';
import { writeWhole } from './write-whole.ts';

/** An acceptance as it is kept: nothing of the result itself, which stays under the fingerprint that it has. */
export interface Statement extends Acceptance {
  readonly format: 1;
  /** For which it was said. */
  readonly fingerprint: Digest;
  readonly recipe: Recipe;
  readonly pipeline: string;
  /** The outputs of the old result as this recipe's types describe them, when they do so in another way. */
  readonly outputs?: Readonly<Record<string, Json>>;
  readonly types?: Readonly<Record<string, string>>;
}

/** So often it is looked whether there is any statement at all, in milliseconds: a first run asks for thousands. */
const lookMs = 1000;

/** What was accepted in a store, a file for each fingerprint below `accepted/`. */
export class Statements {
  readonly #folder: string;
  readonly #warn: (message: string) => void;
  #isThere = false;
  #lookedAt = -lookMs;

  constructor(root: string, warn: (message: string) => void = () => undefined) {
    this.#folder = join(root, 'accepted');
    this.#warn = warn;
  }

  /** Undefined, with a warning, when it is there and cannot be believed. */
  find(fingerprint: Digest): Statement | undefined {
    const statement = this.#read(fingerprint);
    if (typeof statement !== 'string') return statement;
    this.#warn(`What was accepted for ${fingerprint} is damaged: ${statement}. It is taken as not accepted.`);
    return undefined;
  }

  /** Throws `store-read-only`, `disk-full`. */
  write(statement: Statement): void {
    const text = canonicalJson(statement);
    try {
      if (mkdirSync(this.#folder, { recursive: true })) syncNow(dirname(this.#folder));
    } catch (cause) {
      throw fileProblem(cause, this.#folder);
    }
    this.#isThere = true;
    writeWhole(this.#path(statement.fingerprint), `${text}\n${digestBytes(text)}\n`, { lasting: true });
  }

  remove(fingerprint: Digest): void {
    removeFile(this.#path(fingerprint));
  }

  /** In the order in which they were made. */
  all(): Statement[] {
    const statements = this.#fingerprints().flatMap((fingerprint) => this.find(fingerprint) ?? []);
    return statements.sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  *damaged(): Generator<{ fingerprint: Digest; reason: string }> {
    for (const fingerprint of this.#fingerprints()) {
      const statement = this.#read(fingerprint);
      if (typeof statement === 'string') yield { fingerprint, reason: statement };
    }
  }

  /** What a fingerprint stands for, one after another: an accepted result may itself be one that was accepted. */
  chainOf(fingerprint: Digest): Digest[] {
    const chain: Digest[] = [];
    for (let next = this.find(fingerprint); next && !chain.includes(next.as); next = this.find(next.as)) {
      chain.push(next.as);
    }
    return chain;
  }

  #fingerprints(): Digest[] {
    try {
      const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'));
      return names.map((name) => `sha256:${name.replace(/\.json$/, '')}`).filter(isDigest);
    } catch {
      return []; // nothing was ever accepted
    }
  }

  #hasAny(): boolean {
    const now = performance.now();
    if (this.#isThere || now - this.#lookedAt < lookMs) return this.#isThere;
    this.#lookedAt = now;
    this.#isThere = existsSync(this.#folder);
    return this.#isThere;
  }

  #path(fingerprint: Digest): string {
    return join(this.#folder, `${nameOf(fingerprint)}.json`);
  }

  #read(fingerprint: Digest): Statement | string | undefined {
    if (!this.#hasAny()) return undefined;
    try {
      return parsed(fingerprint, readRegular(this.#path(fingerprint)));
    } catch (error) {
      return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR' ? undefined : messageOf(error);
    }
  }
}

/** The statement in a text, or in words why it is none. */
function parsed(fingerprint: Digest, text: string): Statement | string {
  const [json = '', digest] = text.split('\n');
  if (digestBytes(json) !== digest) return 'it does not have its digest';
  const found = JSON.parse(json) as Partial<Statement> | null;
  if (!isTable(found) || found.format !== 1) return 'it is of another format';
  if (found.fingerprint !== fingerprint) return 'it was made for another fingerprint';
  const { recipe, as, run, node, by, at, why = '', pipeline, differences } = found;
  if (!isTable(recipe) || fingerprintOf(recipe as unknown as Recipe) !== fingerprint)
    return 'its recipe has another fingerprint';
  if (!isDigest(as) || as === fingerprint) return 'it names no other result';
  if (![run, node, by, at, why, pipeline].every((word) => typeof word === 'string')) return 'it does not say who';
  if (!Array.isArray(differences) || !differences.every((line) => typeof line === 'string'))
    return 'it does not say what differed';
  const { outputs = {}, types = {} } = found;
  if (!isTable(outputs) || !isTable(types)) return 'its outputs are no outputs';
  if (!Object.values(outputs).flatMap(artifactsIn).every(isStoredArtifact)) return 'it names files by no digest';
  return found as unknown as Statement;
}
