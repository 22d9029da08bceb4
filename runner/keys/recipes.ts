import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fingerprint, type Recipe } from '../../cache/recipe.ts';
import { messageOf, Problem } from '../../cache/problem.ts';
import { canonicalJson, type Json } from '../../cache/canonical-json.ts';
import { type Digest, digestBytes } from '../../cache/digest.ts';
import { refuseContradictions } from '../../tasks/core/call.ts';
import type { TaskSpec } from '../../tasks/core/spec.ts';
import { isOnlyOne } from '../../tasks/core/definitions.ts';
import { isUncounted } from '../../tasks/core/uncounted.ts';
import type { Instance } from '../dataflow/instance.ts';
import type { DeclaredType } from './declared-type.ts';
import type { KeyedCall } from './keyed-call.ts';
import { bodyOf, taskOf } from './service-task.ts';
import { filesOf, hangsOnStart, startWords } from './code-files.ts';
import { commandIn } from './command.ts';
import { type AnyFunction, Identity } from './identity.ts';
import { describeOutput, forRecipe, parseInputs } from '../values/declared.ts';
import { mapArtifacts } from '../values/leaves.ts';

/** What was observed so short ago is not looked at again before the job starts, in milliseconds: only after it. */
const freshMs = 2000;

/** What is known of the sources that tasks are defined in. */
export interface Sources {
  /** The project's folder; declared code files are relative to it. */
  readonly root: string;
  /** Digests of the source behind a `task(...)` call. */
  readonly codeOf: (definedAt: string) => Readonly<Record<string, string>>;
  /** Where that call stands, for people. */
  readonly placeOf: (definedAt: string) => string;
}

/** Makes recipes for one run. What is the same for all calls of a task is worked out once. */
export class Recipes {
  readonly #sources: Sources;
  readonly #identity: Identity;
  readonly #fixed = new Map<TaskSpec, Map<string, Promise<FixedPart>>>();
  readonly #types = new Map<TaskSpec, Readonly<Record<string, DeclaredType>>>();
  /** Tasks whose author says by `version` what they are. */
  readonly #versioned = new Map<Digest, TaskSpec>();
  /** Under which times of its files a task's recipe was found to hold. */
  readonly #timesSeen = new Map<TaskSpec, string>();
  readonly #timesAtStart = new WeakMap<KeyedCall, Readonly<Record<string, string>>>();
  readonly #observedAt = new WeakMap<KeyedCall, number>();
  readonly #isSeenOutdated = new WeakSet<KeyedCall>();

  constructor(sources: Sources) {
    this.#sources = sources;
    this.#identity = new Identity(sources.codeOf);
  }

  async key(instance: Instance): Promise<KeyedCall> {
    const spec = specOf(instance);
    const inputs = parseInputs(spec, instance.inputs);
    refuseContradictions(spec, inputs);
    const command = spec.command && commandIn(spec, inputs);
    const recipe: Recipe = {
      format: 1,
      task: spec.name,
      inputs: forRecipe(counted(spec, inputs)) as Record<string, Json>,
      ...(await this.fixedPart(spec, command)),
      ...(command ? { command } : {}),
      ...(spec.run ? knownOf(counted(spec, inputs)) : {}),
      ...(spec.observe ? { observed: (await this.#observe(spec, inputs)) as Json } : {}),
    };
    const call: KeyedCall = {
      instance,
      spec,
      inputs,
      recipe,
      fingerprint: fingerprint(recipe),
      types: this.#typesOf(spec, instance),
    };
    if (spec.observe) this.#observedAt.set(call, performance.now());
    if (spec.run && spec.version !== undefined) this.#refuseTwin(call);
    return call;
  }

  /** Of services nothing is stored. */
  #typesOf(spec: TaskSpec, { of }: Instance): Readonly<Record<string, DeclaredType>> {
    if (of.node.type === 'service') return {};
    const known = this.#types.get(spec);
    if (known) return known;
    const types = Object.entries(spec.outputs).map(([name, type]) => {
      return [name, this.#identity.typeOf(type, spec)] as const;
    });
    const all = Object.fromEntries(types);
    this.#types.set(spec, all);
    return all;
  }

  /** One version says that two bodies are the same, and their texts or what they close over that they are not. */
  #refuseTwin({ spec, fingerprint }: KeyedCall): void {
    const other = this.#versioned.get(fingerprint);
    if (!other) this.#versioned.set(fingerprint, spec);
    if (!other || other === spec || this.#bodyIn(other) === this.#bodyIn(spec)) return;
    const places = [other, spec].map(({ definedAt }) => this.#sources.placeOf(definedAt));
    throw new Problem(
      'same-task-twice',
      `Two tasks are called ${spec.name} and have version ${spec.version}, and they do not do the same: ${[...new Set(places)].join(' and ')}.`,
      { hint: 'Give them names or versions of their own, or make what differs an input.' },
    );
  }

  /** What a body is, as far as it can be told. */
  #bodyIn(spec: TaskSpec): string {
    try {
      return canonicalJson(this.#body(bodyOf(spec) ?? nothing));
    } catch (error) {
      if (Problem.is(error)) return String(bodyOf(spec)); // the author says what it is
      throw error;
    }
  }

  /**
   * What has changed outside of the store since `prepare`: files by name. Empty when all stood still. A job that ran `frozen`
   * code does not care about the files of the project.
   */
  async changedSince(call: KeyedCall, { frozen }: { frozen: boolean }): Promise<string[]> {
    const { spec, inputs, recipe } = call;
    const changed = frozen ? [] : await this.#changedFiles(call);
    if (!spec.observe) return changed;
    const observed = await this.#observe(spec, inputs);
    if (isSame(observed, recipe.observed)) return changed;
    const paths = Object.values(inputs).filter((value) => typeof value === 'string' && value.includes('/'));
    return [...changed, ...(paths.length > 0 ? paths.map(String) : [`what ${spec.name} observes`])];
  }

  /**
   * Whether code files or what was observed are others than when the recipe was made: then its job need not start. From here on files
   * that run where they lie are watched: one that is edited, and put back, before the job has ended, has other times.
   */
  async isOutdated(call: KeyedCall): Promise<boolean> {
    const { spec, recipe } = call;
    if (this.#isSeenOutdated.has(call)) return true;
    if (spec.code.length === 0) return false;
    const { files = {} } = recipe;
    const times = timesOf(files, this.#sources.root);
    this.#timesAtStart.set(call, times);
    const seen = JSON.stringify([files, times]);
    if (this.#timesSeen.get(spec) === seen) return false;
    if ((await this.#changedFiles(call)).length > 0) return true;
    this.#timesSeen.set(spec, seen);
    return false;
  }

  /** Whether the world outside was looked at so long ago that it may be another: `lookAgain` tells. */
  isObservedLongAgo(call: KeyedCall): boolean {
    return call.spec.observe !== undefined && performance.now() - (this.#observedAt.get(call) ?? 0) > freshMs;
  }

  /** Never throws: what cannot be observed any more is told when it gets a new recipe. */
  async lookAgain(call: KeyedCall): Promise<void> {
    const changed = await this.changedSince(call, { frozen: true }).catch(() => ['']);
    if (changed.length > 0) this.#isSeenOutdated.add(call);
    else this.#observedAt.set(call, performance.now());
  }

  /** What was worked out of a task's files is worked out again. */
  forget(spec: TaskSpec): void {
    this.#fixed.delete(spec);
    this.#timesSeen.delete(spec);
  }

  /** By content; and those that were written to since the job started, though they have it again. */
  async #changedFiles(call: KeyedCall): Promise<string[]> {
    const { spec, recipe } = call;
    if (spec.code.length === 0) return [];
    const { files: before = {} } = recipe;
    const now = await filesOf(spec, this.#sources.root, recipe.command);
    const atStart = this.#timesAtStart.get(call);
    const times = atStart && timesOf(before, this.#sources.root);
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
    return names.filter((name) => before[name] !== now[name] || atStart?.[name] !== times?.[name]);
  }

  /** The part of a recipe that is the same whatever the inputs are, for programs that are started alike. */
  fixedPart(spec: TaskSpec, command: readonly string[] | undefined): Promise<FixedPart> {
    const start = command && hangsOnStart(spec) ? startWords(command).join('\0') : '';
    const ofSpec = this.#fixed.get(spec) ?? new Map<string, Promise<FixedPart>>();
    this.#fixed.set(spec, ofSpec);
    const known = ofSpec.get(start) ?? this.#makeFixedPart(spec, command);
    ofSpec.set(start, known);
    return known;
  }

  async #makeFixedPart(spec: TaskSpec, command: readonly string[] | undefined): Promise<FixedPart> {
    const outputs = Object.entries(spec.outputs).map(([name, type]) => [name, describeOutput(type)]);
    const files = spec.code.length > 0 ? await filesOf(spec, this.#sources.root, command) : undefined;
    return {
      outputs: Object.fromEntries(outputs) as Record<string, string>,
      ...(spec.run && spec.version === undefined ? this.#codeOf(spec) : {}),
      ...(spec.version === undefined ? {} : { version: spec.version }),
      ...(files ? { files } : {}),
      ...(Object.keys(spec.env).length > 0 ? { env: spec.env } : {}),
    };
  }

  /** Where name and module do not say which body is meant, its text and what it closes over do. */
  #codeOf(spec: TaskSpec): Pick<Recipe, 'code' | 'body' | 'closure'> {
    if (isOnlyOne(spec)) return { code: this.#sources.codeOf(spec.definedAt) };
    const run = bodyOf(spec) ?? nothing;
    return this.#refusing(spec, () => ({
      code: this.#identity.codeAround(run, spec.definedAt),
      ...this.#body(run),
    }));
  }

  #body(run: AnyFunction): { body: Digest; closure?: Readonly<Record<string, Json>> } {
    const closure = this.#identity.closureOf(run);
    return { body: digestBytes(String(run)), ...(Object.keys(closure).length > 0 ? { closure } : {}) };
  }

  #refusing<T>(spec: TaskSpec, describe: () => T): T {
    try {
      return describe();
    } catch (cause) {
      if (!Problem.is(cause) || cause.code !== 'unknown-closure') throw cause;
      throw new Problem(
        cause.code,
        `The body of ${spec.name} closes over what a recipe cannot hold (${this.#sources.placeOf(spec.definedAt)}): ${cause.message}.`,
        {
          hint: 'Give it as an input, or define it at the top level of its module; or say with `version` what the body is.',
          cause,
        },
      );
    }
  }

  async #observe(spec: TaskSpec, inputs: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      return await spec.observe?.(inputs);
    } catch (cause) {
      if (Problem.is(cause)) throw cause;
      throw new Problem('observe-failed', `${spec.name} could not look at what lies outside: ${messageOf(cause)}`, {
        cause,
      });
    }
  }
}

/** The inputs without those that only say where something is. */
export function counted(
  { inputs: shape }: TaskSpec,
  inputs: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !isUncounted(shape[name])));
}

const nothing = (): undefined => undefined;

/** What has no one form in JSON is not the same as what a recipe holds. */
function isSame(observed: unknown, before: Json | undefined): boolean {
  try {
    return canonicalJson(observed) === canonicalJson(before);
  } catch (error) {
    if (Problem.is(error) && error.code === 'not-canonical') return false;
    throw error;
  }
}

/** What is known of the files that a body gets: it can see it. */
function knownOf(inputs: Readonly<Record<string, unknown>>): { meta?: Readonly<Record<string, Json>> } {
  const found: Record<string, Json> = {};
  mapArtifacts(inputs, ({ meta }, where) => {
    const text = meta === undefined ? '' : canonicalJson(meta);
    if (text !== '') found[where] = text.length <= longestMeta ? (meta as Json) : { $digest: digestBytes(text) };
  });
  return Object.keys(found).length > 0 ? { meta: found } : {};
}

/** Characters of what is known of files that a recipe holds as it is; longer ones by digest. */
const longestMeta = 1000;

export type FixedPart = Pick<Recipe, 'outputs' | 'code' | 'body' | 'closure' | 'version' | 'files' | 'env'>;

export function specOf(instance: Instance): TaskSpec {
  const { node } = instance.of;
  const spec = taskOf(node);
  if (spec) return spec;
  throw new Problem('bug', `${instance.address} runs nothing: this is a mistake in the framework, please report it.`);
}

/** What changes whenever a file is written to, by path; of names that are no files nothing. */
function timesOf(files: Readonly<Record<string, string>>, root: string): Record<string, string> {
  const all = Object.keys(files).map((path) => {
    const stats = statSync(resolve(root, path), { bigint: true, throwIfNoEntry: false });
    return [path, stats ? [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ') : ''];
  });
  return Object.fromEntries(all) as Record<string, string>;
}
