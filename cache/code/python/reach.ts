import { dirname, relative, resolve } from 'node:path';
import { type ChosenRow, chooseRow } from './chosen-row.ts';
import type { Facts, Loose } from './facts.ts';
import { isFile, isFolder } from './files.ts';
import type { PythonImport } from './imports.ts';
import { standardModules } from './known-names.ts';
import { type Binding, type PythonModule, readModule } from './module.ts';
import { Places, type SearchPath } from './places.ts';
import { type ModulePlace, nowhere } from './search.ts';
import { nameOf } from './effects.ts';

/** What of a module a program uses. */
export interface ReachedModule {
  readonly module: PythonModule;
  /** It is started, not only imported. */
  isProgram: boolean;
  /** Anything in it may be used. */
  isWhole: boolean;
  readonly chunks: Set<number>;
  /** Names that an import binds and that are used, as `chunk name`. */
  readonly names: Set<string>;
  /** Imports whose modules are not among the sources. */
  readonly outside: Set<PythonImport>;
  /** Imports of names that their modules do not have. */
  readonly missing: Set<PythonImport>;
  docs: boolean;
  sources: boolean;
}

export interface Found {
  readonly modules: ReadonlyMap<string, ReachedModule>;
  /** Packages that are installed, with the first place that asks for each. */
  readonly packages: ReadonlyMap<string, { readonly file: string; readonly line: number; readonly isTried: boolean }>;
  /** The search path has a folder by its absolute place. */
  readonly isBound: boolean;
  /** Folders that are put on the search path, resolved. */
  readonly searched: readonly string[];
  readonly loose: readonly (Loose & { readonly file: string })[];
  /** Files and folders that stand in it, resolved. */
  readonly mentioned: readonly { readonly path: string; readonly file: string; readonly line: number }[];
}

export interface ReachOptions {
  readonly entry: string;
  readonly path: SearchPath;
  /** Where the program starts. */
  readonly folder: string;
  /** Only what lies below counts among files that stand in code. */
  readonly root: string;
  readonly rows: readonly ChosenRow[];
  /** What runs before it. */
  readonly first: readonly string[];
}

/**
 * What a program uses, by name: of each module that it loads all that runs while it loads, and of functions, classes and
 * plain values those whose names lead from there. Whatever may be reached without its name takes whole modules.
 */
export function reach(options: ReachOptions): Found {
  const walk = new Walk(options);
  walk.start();
  return walk;
}

class Walk implements Found {
  readonly modules = new Map<string, ReachedModule>();
  readonly packages = new Map<string, { file: string; line: number; isTried: boolean }>();
  isBound = false;
  readonly searched: string[] = [];
  readonly loose: (Loose & { file: string })[] = [];
  readonly mentioned: { path: string; file: string; line: number }[] = [];
  readonly #options: ReachOptions;
  readonly #places: Places;
  readonly #waiting: (() => void)[] = [];
  readonly #used = new Set<string>();
  readonly #wholeFolders = new Set<string>();
  #takesAll = false;
  #listsSubclasses = false;
  #docs = false;
  #sources = false;

  constructor(options: ReachOptions) {
    this.#options = options;
    this.#places = new Places(options.path);
  }

  start(): void {
    for (const path of this.#options.first) this.#load(path);
    this.#loadProgram(this.#options.entry);
    do this.#drain();
    while (this.#widen());
    for (const one of this.modules.values()) {
      one.docs ||= this.#docs;
      one.sources ||= this.#sources;
    }
  }

  #drain(): void {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) next();
  }

  /** What was asked of all modules, of those too that came later. Whether there is more to do. */
  #widen(): boolean {
    for (const one of this.modules.values()) {
      if (this.#takesAll) this.#takeWhole(one);
      if (!this.#listsSubclasses) continue;
      for (const [i, { effect }] of one.module.chunks.entries()) if (typeof effect === 'object') this.#take(one, i);
    }
    return this.#waiting.length > 0;
  }

  #load(path: string): ReachedModule {
    const known = this.modules.get(path);
    if (known) return known;
    const module = readModule(path);
    const one: ReachedModule = {
      module,
      isProgram: false,
      isWhole: false,
      chunks: new Set(),
      names: new Set(),
      outside: new Set(),
      missing: new Set(),
      docs: false,
      sources: false,
    };
    this.modules.set(path, one);
    this.#waiting.push(() => this.#run(one));
    return one;
  }

  #loadProgram(path: string): void {
    const one = this.#load(path);
    if (one.isProgram) return;
    one.isProgram = true;
    for (const [i, { isOfProgram }] of one.module.chunks.entries()) if (isOfProgram) this.#take(one, i);
  }

  /** What happens as a module loads. */
  #run(one: ReachedModule): void {
    const { module } = one;
    const folder = dirname(module.path);
    const inFolder = module.path.endsWith('/__init__.py') ? dirname(folder) : folder;
    if (this.#wholeFolders.has(inFolder) || module.isPartlyParsed) this.#takeWhole(one);
    if (module.bindings.has('__getattr__')) {
      const at = module.bindings.get('__getattr__')?.[0]?.chunk ?? 0;
      const line = module.text.slice(0, module.chunks[at]?.statement.from).split('\n').length;
      const advice = 'name the modules that it can load in `code`';
      this.loose.push({ file: module.path, line, code: 'def __getattr__, which makes names of the module', advice });
      this.#takeWhole(one);
    }
    for (const [i, { effect, isImport, isOfProgram }] of module.chunks.entries()) {
      if (isOfProgram && !one.isProgram) continue;
      const isPlain =
        effect === 'none' || (effect !== 'any' && effect.bases.every((base) => this.#isPlainClass(module, base)));
      if (isImport || !isPlain) this.#take(one, i);
    }
  }

  #take(one: ReachedModule, index: number): void {
    if (one.chunks.has(index)) return;
    one.chunks.add(index);
    this.#waiting.push(() => this.#follow(one, index));
  }

  #takeWhole(one: ReachedModule): void {
    if (one.isWhole) return;
    one.isWhole = true;
    const { chunks, bindings } = one.module;
    for (const [i, { isOfProgram }] of chunks.entries()) if (!isOfProgram || one.isProgram) this.#take(one, i);
    for (const [name, found] of bindings) for (const binding of found) this.#bound(one, name, binding, []);
  }

  #follow(one: ReachedModule, index: number): void {
    const chunk = one.module.chunks[index];
    if (!chunk) return;
    const row = chooseRow(one.module, chunk, this.#options.rows);
    for (const facts of row?.facts ?? [chunk.facts]) this.#followFacts(one, facts);
  }

  #followFacts(one: ReachedModule, facts: Facts): void {
    const file = one.module.path;
    for (const from of facts.imports) this.#import(one, from);
    for (const chain of facts.chains) this.#use(one, chain);
    for (const text of facts.named) this.#useNamed(text);
    for (const name of facts.programs) this.#startModule(name);
    for (const { path, line, code } of facts.searched) {
      const advice = 'write the folder so that it can be read, or name its files in `code`';
      if (path === undefined) this.loose.push({ file, line, code, advice });
      else this.searched.push(resolve(this.#options.folder, path));
      this.isBound ||= /(['"])\//.test(code);
    }
    for (const { path, line } of facts.paths) this.#mention(one, path, line);
    this.loose.push(...facts.loose.map((each) => ({ ...each, file })));
    if (facts.looksUp === 'module') this.#takeWhole(one);
    if (facts.looksUp === 'all') this.#takesAll = true;
    one.docs ||= facts.docs !== 'none';
    one.sources ||= facts.sources !== 'none';
    this.#docs ||= facts.docs === 'all';
    this.#sources ||= facts.sources === 'all';
    this.#listsSubclasses ||= facts.listsSubclasses;
  }

  #import(one: ReachedModule, from: PythonImport): void {
    const place = this.#places.imported(one.module.path, from);
    const inner = from.bound.map(({ name }) =>
      name === undefined || name === '*' ? nowhere : this.#places.inside(place, name),
    );
    for (const { parents, files } of [place, ...inner]) for (const path of [...parents, ...files]) this.#load(path);
    const isFound = [place, ...inner].some(({ files }) => files.length > 0);
    if (!isFound && from.level === 0) this.#outside(one, from, place.folders.length > 0);
    if (from.bound.some(({ name }) => name === '*')) this.#importAll(one, from, place);
    for (const [i, { name }] of from.bound.entries()) {
      const isThere =
        name === undefined ||
        inner[i]?.files.length !== 0 ||
        inner[i]?.folders.length !== 0 ||
        place.files.some((path) => this.#has(path, name ?? ''));
      if (isFound && !isThere && name !== '*') one.missing.add(from);
    }
  }

  /** Whether a module makes this name, as far as it is read. */
  #has(path: string, name: string, seen: ReadonlySet<string> = new Set()): boolean {
    const { bindings, stars } = readModule(path);
    if (bindings.has(name)) return true;
    return stars.some(({ from }) => {
      const { files } = this.#places.imported(path, from);
      const others = files.filter((file) => !seen.has(file));
      return files.length === 0 || others.some((file) => this.#has(file, name, new Set([...seen, path])));
    });
  }

  /** A folder of the project may only have the name of a package. */
  #outside(one: ReachedModule, from: PythonImport, isDoubtful: boolean): void {
    one.outside.add(from);
    const [top = ''] = from.module.split('.');
    if (standardModules.has(top) || top.startsWith('_')) return;
    const known = this.packages.get(top);
    const isTried = from.isTried || isDoubtful;
    if (!known || (known.isTried && !isTried))
      this.packages.set(top, { file: one.module.path, line: from.line, isTried });
  }

  #importAll(one: ReachedModule, from: PythonImport, place: ModulePlace): void {
    for (const path of place.files) {
      const target = this.#load(path);
      const { all } = target.module;
      for (const { chunk } of target.module.bindings.get('__all__') ?? []) this.#take(target, chunk);
      if (all === 'open') {
        const code = `from ${'.'.repeat(from.level)}${from.module} import *, whose __all__ is computed`;
        const advice = 'name the modules that it may list in `code`';
        this.loose.push({ file: one.module.path, line: from.line, code, advice });
      } else for (const name of all ?? []) for (const file of this.#places.inside(place, name).files) this.#load(file);
    }
  }

  #use(one: ReachedModule, chain: readonly string[]): void {
    const key = `${one.module.path}\n${chain.join('.')}`;
    if (this.#used.has(key)) return;
    this.#used.add(key);
    const [name = '', ...rest] = chain;
    for (const binding of one.module.bindings.get(name) ?? []) this.#bound(one, name, binding, rest);
    for (const { from } of one.module.stars) {
      const place = this.#places.imported(one.module.path, from);
      for (const path of place.files) this.#use(this.#load(path), chain);
      this.#member(this.#places.inside(place, name), rest, true);
    }
  }

  #bound(one: ReachedModule, name: string, { chunk, imported }: Binding, rest: readonly string[]): void {
    if (!imported) return this.#take(one, chunk);
    one.names.add(`${chunk} ${name}`);
    const { place, taken } = this.#origin(one.module.path, imported);
    this.#member(place, [...taken, ...rest]);
  }

  /** From which module an import binds, and what is taken of it: `import a.b as c` takes what `a` has under that name. */
  #origin(
    file: string,
    { from, bound: { name, isTop } }: NonNullable<Binding['imported']>,
  ): { place: ModulePlace; taken: readonly string[] } {
    if (name !== undefined) return { place: this.#places.imported(file, from), taken: [name] };
    const [top = '', ...inner] = from.module.split('.');
    return { place: this.#places.named([top]), taken: isTop ? [] : inner };
  }

  /** What is taken of a module. Taken as it is, it may be asked for anything. */
  #member(place: ModulePlace, [name, ...rest]: readonly string[], isMaybe = false): void {
    if (name === undefined) return isMaybe && place.files.length === 0 ? undefined : this.#takePlace(place);
    const isAny = name === '__dict__';
    for (const path of place.files) {
      const one = this.#load(path);
      if (isAny) this.#takeWhole(one);
      else this.#use(one, [name, ...rest]);
    }
    const inner = this.#places.inside(place, name);
    if (inner.files.length === 0 && inner.folders.length === 0) return;
    for (const path of [...inner.parents, ...inner.files]) this.#load(path);
    this.#member(inner, rest);
  }

  #takePlace({ files, folders }: ModulePlace): void {
    for (const path of files) this.#takeWhole(this.#load(path));
    for (const folder of folders) {
      this.#wholeFolders.add(folder);
      for (const one of [...this.modules.values()]) {
        const own = dirname(one.module.path);
        if ((one.module.path.endsWith('/__init__.py') ? dirname(own) : own) === folder) this.#takeWhole(one);
      }
    }
  }

  /** `envs.pusht:PushT` in text: whatever it is for, it may be loaded by this name. */
  #useNamed(text: string): void {
    const [module = '', inner] = text.split(':');
    const parts = module.split('.');
    for (let length = parts.length; length > 0; length -= 1) {
      const place = this.#places.named(parts.slice(0, length));
      if (place.files.length === 0) continue;
      for (const path of [...place.parents, ...place.files]) this.#load(path);
      return this.#member(place, [...parts.slice(length), ...(inner?.split('.') ?? [])]);
    }
  }

  /** With `__main__` of a package. */
  #startModule(name: string): void {
    const place = this.#places.named(name.split('.'));
    const files = [...place.files, ...this.#places.inside(place, '__main__').files];
    for (const path of place.parents) this.#load(path);
    for (const path of files) this.#loadProgram(path);
  }

  /** A script is followed; of other files it is known that they are named. */
  #mention(one: ReachedModule, path: string, line: number): void {
    const { folder, root } = this.#options;
    const full = resolve(folder, path);
    if (full === one.module.path || relative(root, full).startsWith('..')) return;
    if (full.endsWith('.py')) {
      if (isFile(full)) this.#loadProgram(full);
    } else if (isFile(full) || isFolder(full)) this.mentioned.push({ path: full, file: one.module.path, line });
  }

  #isPlainClass(module: PythonModule, chain: readonly string[], seen: ReadonlySet<string> = new Set()): boolean {
    const key = `${module.path} ${chain.join('.')}`;
    if (seen.has(key)) return false;
    const found = this.#definitions(module, chain, 0);
    if (found.length === 0) return false;
    return found.every((one) => {
      const chunk = one?.module.chunks[one.chunk];
      if (!one || !chunk || nameOf(chunk.statement, one.module.text) === undefined || chunk.effect === 'any')
        return false;
      const bases = chunk.effect === 'none' ? [] : chunk.effect.bases;
      return bases.every((base) => this.#isPlainClass(one.module, base, new Set([...seen, key])));
    });
  }

  /** What a name may be defined as; undefined among them for what is not in the sources. */
  #definitions(
    module: PythonModule,
    [name = '', ...rest]: readonly string[],
    depth: number,
  ): ({ module: PythonModule; chunk: number } | undefined)[] {
    const bindings = module.bindings.get(name) ?? [];
    if (depth > 20 || module.isPartlyParsed) return [undefined];
    const starred = module.stars.length > 0 && bindings.length === 0;
    if (starred) return [undefined];
    return bindings.flatMap(({ chunk, imported }) => {
      if (!imported) return [{ module, chunk }];
      const { place, taken } = this.#origin(module.path, imported);
      const inner = [...taken, ...rest];
      const [first, ...others] = inner;
      if (first === undefined) return [undefined];
      const own = place.files.flatMap((path) => this.#definitions(readModule(path), inner, depth + 1));
      if (own.length > 0) return own;
      const sub = this.#places.inside(place, first).files;
      const below = sub.flatMap((path) => this.#definitions(readModule(path), others, depth + 1));
      return below.length > 0 ? below : [undefined];
    });
  }
}
