import { parser } from '@lezer/python';

export type Tree = ReturnType<typeof parser.parse>;
export type Node = Tree['topNode'];

export function parsePython(source: string): Tree {
  return parser.parse(source);
}

export function childrenOf(node: Node): Node[] {
  const children: Node[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child);
  return children;
}

/** Statements of a module or a body, also those that share a line. */
export function statementsOf(node: Node): Node[] {
  return childrenOf(node).flatMap((child) => {
    if (child.name === 'StatementGroup') return statementsOf(child);
    return /^[:;]$/.test(child.name) ? [] : [child];
  });
}

export function textOf(source: string, { from, to }: Node): string {
  return source.slice(from, to);
}

/** Counted from 1. */
export function lineOf(source: string, { from }: Node): number {
  return source.slice(0, from).split('\n').length;
}

/** `a.b.c` as its names; undefined for what is no plain chain. */
export function chainOf(source: string, node: Node): string[] | undefined {
  if (node.name === 'VariableName') return [textOf(source, node)];
  const [base, dot, property] = childrenOf(node);
  if (node.name !== 'MemberExpression' || dot?.name !== '.' || !base || property?.name !== 'PropertyName')
    return undefined;
  const before = chainOf(source, base);
  return before && [...before, textOf(source, property)];
}

/** The value of a plain string literal; undefined for one with escapes, of bytes or with replacements. */
export function literalOf(source: string, node: Node): string | undefined {
  if (node.name !== 'String') return undefined;
  const [, content] = /^[rRuU]?(?:'''|"""|'|")([^\\]*?)(?:'''|"""|'|")$/.exec(textOf(source, node)) ?? [];
  return content;
}

/** Arguments of a call: those by place, and those by keyword. */
export function argumentsOf(source: string, call: Node): { placed: Node[]; named: Map<string, Node> } {
  const [placed, named]: [Node[], Map<string, Node>] = [[], new Map()];
  const list = childrenOf(call).find(({ name }) => name === 'ArgList');
  const given = list ? childrenOf(list).filter(({ name }) => !/^[(),]$/.test(name)) : [];
  for (let i = 0; i < given.length; i += 1) {
    const [one, next, value] = [given[i], given[i + 1], given[i + 2]];
    if (one && next?.name === 'AssignOp' && value) {
      named.set(textOf(source, one), value);
      i += 2;
    } else if (one) placed.push(one);
  }
  return { placed, named };
}
