export interface Module {
  /** Of the module's own code by meaning: comments, layout and types do not count. */
  readonly digest: string;
  /** Of its bytes. */
  readonly bytes: string;
  /** Paths relative to the root, by specifier. */
  readonly imports: Readonly<Record<string, string>>;
  /** Specifiers of packages, as in `zod/v4`, and URLs of files. */
  readonly packages: readonly string[];
  /** Where it reads the environment; absent where nobody looked. */
  readonly env?: readonly EnvRead[];
}

export interface EnvRead {
  /** Absent for a name that is worked out, and for all of them at once. */
  readonly name?: string | undefined;
  /** Of the source, from 1. */
  readonly line: number;
}

/** By path relative to the root, with `/`, sorted. */
export type Modules = Readonly<Record<string, Module>>;

/** What was read of each module, once: what is digested is what is frozen. By path. */
export type Texts = ReadonlyMap<string, Buffer>;

export interface ModuleGraph {
  readonly root: string;
  readonly entry: string;
  readonly modules: Modules;
  readonly texts: Texts;
  /** Of all modules' bytes: the identity of a frozen copy. */
  readonly digest: string;
}
