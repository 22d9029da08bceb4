import { dirname, join } from 'node:path';
import { isFile } from './files.ts';
import type { PythonImport } from './imports.ts';
import { type ModulePlace, nowhere, placeIn, together } from './search.ts';

/** Where absolute imports are looked for. All places count in which a name is found: which of them is first may depend on more. */
export interface SearchPath {
  readonly folders: readonly string[];
  /** Top names, and the folder or file that each is. */
  readonly modules: ReadonlyMap<string, string>;
}

/** Finds modules, and remembers where they are as long as it lives. */
export class Places {
  readonly #path: SearchPath;
  readonly #known = new Map<string, ModulePlace>();

  constructor(path: SearchPath) {
    this.#path = path;
  }

  /** By its full name. */
  named(parts: readonly string[]): ModulePlace {
    const key = parts.join('.');
    const known = this.#known.get(key) ?? this.#find(parts);
    this.#known.set(key, known);
    return known;
  }

  /** What an import in `file` asks for. */
  imported(file: string, { level, module }: PythonImport): ModulePlace {
    const parts = module === '' ? [] : module.split('.');
    if (level === 0) return this.named(parts);
    const base = join(dirname(file), ...Array.from({ length: level - 1 }, () => '..'));
    const own = join(base, '__init__.py');
    const place = placeIn(base, parts);
    return { ...place, parents: isFile(own) ? [own, ...place.parents] : place.parents };
  }

  /** A module of a package. */
  inside(place: ModulePlace, name: string): ModulePlace {
    const key = `${place.folders.join('\n')}\n${name}`;
    const known = this.#known.get(key) ?? together(place.folders.map((folder) => placeIn(folder, [name])));
    this.#known.set(key, known);
    return known;
  }

  #find(parts: readonly string[]): ModulePlace {
    const [top = '', ...inner] = parts;
    const linked = this.#path.modules.get(top);
    const own = this.#path.folders.map((folder) => placeIn(folder, parts));
    return together(linked === undefined ? own : [...own, linkedPlace(linked, inner)]);
  }
}

function linkedPlace(path: string, inner: readonly string[]): ModulePlace {
  if (isFile(path)) return inner.length === 0 ? { files: [path], folders: [], parents: [] } : nowhere;
  const own = join(path, '__init__.py');
  const place = placeIn(path, inner);
  return { ...place, parents: inner.length > 0 && isFile(own) ? [own, ...place.parents] : place.parents };
}
