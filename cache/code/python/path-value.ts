import { dirname, join, resolve } from 'node:path';
import { argumentsOf, chainOf, childrenOf, literalOf, type Node, textOf } from './tree.ts';

/** What an expression that makes a path is read with. */
export interface PathScope {
  readonly source: string;
  /** Absolute. */
  readonly file: string;
  /** Names that the module gives one value, and the expressions of these. */
  readonly constants: ReadonlyMap<string, Node>;
}

/** Expressions deeper than this are not read. */
const deepest = 20;

/** The path that an expression gives, as far as it can be read: relative to where the program starts, or absolute. */
export function pathOf(node: Node, scope: PathScope, depth = 0): string | undefined {
  if (depth > deepest) return undefined;
  const read = (inner: Node | undefined): string | undefined => inner && pathOf(inner, scope, depth + 1);
  switch (node.name) {
    case 'String':
      return literalOf(scope.source, node);
    case 'VariableName': {
      const name = textOf(scope.source, node);
      return name === '__file__' ? scope.file : read(scope.constants.get(name));
    }
    case 'ParenthesizedExpression':
      return read(childrenOf(node)[1]);
    case 'BinaryExpression':
      return joined(node, scope, read);
    case 'MemberExpression':
      return above(node, scope, read);
    case 'CallExpression':
      return called(node, scope, read);
    default:
      return undefined;
  }
}

type Read = (inner: Node | undefined) => string | undefined;

function joined(node: Node, { source }: PathScope, read: Read): string | undefined {
  const [left, operator, right] = childrenOf(node);
  const [before, after] = [read(left), read(right)];
  if (before === undefined || after === undefined || !operator) return undefined;
  const sign = textOf(source, operator);
  if (sign === '+') return before + after;
  return sign === '/' ? joinPaths(before, after) : undefined;
}

/** `x.parent` and `x.parents[1]`. */
function above(node: Node, { source }: PathScope, read: Read): string | undefined {
  const [base, sign, last] = childrenOf(node);
  if (!base || !last) return undefined;
  if (sign?.name === '.') return textOf(source, last) === 'parent' ? parent(read(base), 1) : undefined;
  const [inner, , property] = childrenOf(base);
  if (base.name !== 'MemberExpression' || !property || textOf(source, property) !== 'parents') return undefined;
  return last.name === 'Number' ? parent(read(inner), Number(textOf(source, last)) + 1) : undefined;
}

function parent(path: string | undefined, levels: number): string | undefined {
  if (path === undefined || !(levels <= deepest)) return undefined;
  let up = path;
  for (let i = 0; i < levels; i += 1) up = dirname(up);
  return up;
}

/** Functions of `os.path`, whatever they were imported as. */
const plainFunctions = new Set(['abspath', 'realpath', 'normpath', 'fspath', 'str', 'Path', 'PurePath']);
/** Methods of a path that give the same path. */
const plainMethods = new Set(['resolve', 'absolute', 'as_posix', '__str__']);

function called(node: Node, { source }: PathScope, read: Read): string | undefined {
  const [callee] = childrenOf(node);
  if (!callee) return undefined;
  const { placed } = argumentsOf(source, node);
  const chain = chainOf(source, callee);
  const name = chain?.at(-1) ?? '';
  const values = placed.map(read);
  const known = values.filter((value) => value !== undefined);
  const isWhole = known.length === values.length;
  if ((chain?.[0] === 'os' || chain?.[0] === 'Path' || chain?.[0] === 'pathlib') && /^(getcwd|cwd)$/.test(name))
    return '.';
  const isFunction = chain !== undefined && (chain.length === 1 || /^(os|path|osp|pathlib)$/.test(chain[0] ?? ''));
  if (isFunction && isWhole && known.length > 0) {
    if (name === 'join' || name === 'Path' || name === 'PurePath') return known.reduce(joinPaths);
    if (name === 'dirname') return dirname(known[0] ?? '');
    if (plainFunctions.has(name)) return known[0];
  }
  const [base, dot, method] = childrenOf(callee);
  if (callee.name !== 'MemberExpression' || dot?.name !== '.' || !method) return undefined;
  const of = read(base);
  if (of === undefined) return undefined;
  if (plainMethods.has(textOf(source, method))) return of;
  return textOf(source, method) === 'joinpath' && isWhole ? [of, ...known].reduce(joinPaths) : undefined;
}

function joinPaths(before: string, after: string): string {
  return after.startsWith('/') ? resolve(after) : join(before, after);
}
