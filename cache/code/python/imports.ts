import { childrenOf, lineOf, type Node, textOf } from './tree.ts';

export interface Bound {
  /** What of the module; undefined for the module itself. */
  readonly name: string | undefined;
  readonly as: string;
  /** `import a.b` binds `a`, and not `a.b`. */
  readonly isTop?: true;
}

/** What one import statement asks for. */
export interface PythonImport {
  /** Leading dots: 0 is absolute, 1 the file's own package. */
  readonly level: number;
  /** Dotted; empty in `from . import x`. */
  readonly module: string;
  /** What it binds: of `from m import n as y` `n` and `y`; of `import a.b as c` no name and `c`. `*` for a star. */
  readonly bound: readonly Bound[];
  readonly line: number;
  /** Inside a `try`: the program may do without it. */
  readonly isTried: boolean;
}

export function importsIn(source: string, statement: Node): PythonImport[] {
  const words = childrenOf(statement)
    .flatMap((child) => (child.type.isError ? childrenOf(child) : [child]))
    .map((child) => textOf(source, child))
    .filter((word) => word !== '(' && word !== ')');
  const common = { line: lineOf(source, statement), isTried: isTried(statement) };
  if (words[0] !== 'from') {
    return listed(words.slice(1)).map(({ name, as }) => {
      const bound: Bound =
        as === undefined ? { name: undefined, as: name.split('.')[0] ?? name, isTop: true } : { name: undefined, as };
      return { ...common, level: 0, module: name, bound: [bound] };
    });
  }
  const at = words.indexOf('import');
  const origin = words.slice(1, at).join('');
  const module = origin.replace(/^\.+/, '');
  const bound = listed(words.slice(at + 1)).map(({ name, as = name }) => ({ name, as }));
  return [{ ...common, level: origin.length - module.length, module, bound }];
}

function isTried(statement: Node): boolean {
  for (let above = statement.parent; above; above = above.parent) if (above.name === 'TryStatement') return true;
  return false;
}

/** `a . b as c , d` to `a.b` as `c`, and `d`. */
function listed(words: readonly string[]): { name: string; as: string | undefined }[] {
  const found: { name: string; as: string | undefined }[] = [];
  let [name, as] = ['', undefined as string | undefined];
  let isAlias = false;
  for (const word of [...words, ',']) {
    if (word === ',') {
      if (name) found.push({ name, as });
      [name, as, isAlias] = ['', undefined, false];
    } else if (word === 'as') isAlias = true;
    else if (isAlias) as = word;
    else name += word;
  }
  return found;
}
