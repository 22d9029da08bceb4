import { type Node, parsePython, type Tree } from './tree.ts';

type Cursor = ReturnType<Node['cursor']>;

/** What a Python file says, without what only people read. */
export interface PythonMeaning {
  /** Equal texts mean equal programs. Comments, docstrings, blank lines and layout are not in it. */
  readonly text: string;
  /** The grammar does not know some syntax here, so indentation width and line breaks are in the text. */
  readonly isPartlyParsed: boolean;
}

export function pythonMeaning(source: string): PythonMeaning {
  const tree = parsePython(source);
  const isPartlyParsed = hasErrors(tree);
  const { topNode } = tree;
  return { text: isPartlyParsed ? layoutText(source, topNode) : meaningOf(source, topNode), isPartlyParsed };
}

export interface MeaningOptions {
  /** Docstrings count: something reads them. */
  readonly docs?: boolean;
  /** Where methods begin that are told apart; only that they are there counts. */
  readonly leaveOut?: ReadonlySet<number>;
}

/** The same for a part of a file that the grammar knows. */
export function meaningOf(source: string, node: Node, options: MeaningOptions = {}): string {
  const writer = new Writer(source, options);
  writer.node(node.cursor(), '', true);
  return writer.out.join('');
}

/** Whether the grammar lost its way somewhere. */
export function hasErrors(tree: Tree): boolean {
  const above: string[] = [];
  let isFound = false;
  tree.iterate({
    enter: ({ type, from, to }) => {
      if (type.isError && !(from === to && incomplete.has(above.at(-1) ?? ''))) isFound = true;
      above.push(type.name);
      return !isFound;
    },
    leave: () => void above.pop(),
  });
  return isFound;
}

/** Nodes in which a comma before the closing bracket changes nothing; not subscripts: `x[1,]` is not `x[1]`. */
const lists = new Set([
  'ArgList',
  'ParamList',
  'ArrayExpression',
  'DictionaryExpression',
  'SetExpression',
  'ImportStatement',
]);
/** Statements that hold a whole expression, so that brackets around it are layout. */
const holders = new Set([
  'AssignStatement',
  'UpdateStatement',
  'ReturnStatement',
  'IfStatement',
  'WhileStatement',
  'ForStatement',
  'AssertStatement',
  'ExpressionStatement',
]);

const methods = new Set(['FunctionDefinition', 'DecoratedStatement']);

/** The grammar wants more here than Python does: a bare `yield`, and `3.` without a digit. Nothing is lost in these. */
const incomplete = new Set(['YieldStatement', 'YieldExpression', 'MemberExpression']);

/** Writes the syntax tree as nested text; nesting keeps what indentation and precedence mean. */
class Writer {
  readonly out: string[] = [];
  private readonly source: string;
  private readonly options: MeaningOptions;

  constructor(source: string, options: MeaningOptions) {
    this.source = source;
    this.options = options;
  }

  node(cursor: Cursor, parent: string, isFirst: boolean): void {
    const { name } = cursor;
    if (name === 'Comment') return;
    if (name === 'String' || name === 'FormatString') return this.leaf(name, plainString(this.textOf(cursor)));
    if (this.options.leaveOut?.has(cursor.from) && methods.has(name)) return void this.out.push('method\n');

    const isLayout =
      name === 'StatementGroup' || (name === 'ParenthesizedExpression' && holders.has(parent) && !isFirst);
    const mayHaveDocstring =
      this.options.docs !== true &&
      (name === 'Script' || (name === 'Body' && /^(Function|Class)Definition$/.test(parent)));
    if (!cursor.firstChild()) return this.leaf(name, this.textOf(cursor));
    if (!isLayout) this.out.push(`${name}(\n`);
    this.children(cursor, name, { parent: isLayout ? parent : name, skipBrackets: isLayout, mayHaveDocstring });
    cursor.parent();
    if (!isLayout) this.out.push(')\n');
  }

  private children(
    cursor: Cursor,
    name: string,
    { parent, skipBrackets, mayHaveDocstring }: { parent: string; skipBrackets: boolean; mayHaveDocstring: boolean },
  ): void {
    let commas = 0;
    let lastComma = -1;
    let isFirst = true;
    let docstringPossible = mayHaveDocstring;
    do {
      const child = cursor.name;
      if (child === 'Comment') continue;
      if (skipBrackets && /^[();]$/.test(child)) continue;
      if (name === 'ImportStatement' && /^[()]$/.test(child)) {
        if (child === ')' && lastComma === this.out.length - 1) this.out.pop();
        continue;
      }
      const endsList = /^[)\]}]$/.test(child) && (lists.has(name) || (name === 'TupleExpression' && commas > 1));
      if (endsList && lastComma >= 0 && lastComma === this.out.length - 1) this.out.pop();
      if (docstringPossible && child !== ':') {
        docstringPossible = false;
        if (child === 'ExpressionStatement' && isOnlyString(cursor)) continue;
      }
      this.node(cursor, parent, isFirst);
      isFirst = false;
      if (child === ',') {
        commas += 1;
        lastComma = this.out.length - 1;
      }
    } while (cursor.nextSibling());
  }

  private leaf(name: string, text: string): void {
    const value = name === 'Number' ? text.toLowerCase() : text;
    // The length in front makes it impossible for a string to look like code.
    this.out.push(`${name} ${value.length} ${value}\n`);
  }

  private textOf({ from, to }: Cursor): string {
    return this.source.slice(from, to);
  }
}

function isOnlyString(cursor: Cursor): boolean {
  const child = cursor.node.firstChild;
  return child !== null && !child.nextSibling && (child.name === 'String' || child.name === 'ContinuedString');
}

/** Quotes are layout where no character inside depends on them. */
function plainString(text: string): string {
  const [, prefix = '', quotes = '', content = ''] = /^([A-Za-z]*)('''|"""|'|")([^]*)\2$/.exec(text) ?? [];
  if (quotes === '' || /["'\\]/.test(content)) return text;
  return `${prefix.toLowerCase().replace('u', '')}|${content}`;
}

/** All words with their line's indentation: what remains sure when the grammar met syntax that it does not know. */
export function layoutText(source: string, node: Node): string {
  const cursor = node.cursor();
  const out: string[] = [];
  let end = 0;
  let startsLine = true;
  const add = (from: number, to: number, isComment: boolean): void => {
    const gap = source.slice(end, from);
    startsLine ||= gap.includes('\n');
    if (startsLine && !isComment) out.push(`line ${from - source.lastIndexOf('\n', from - 1) - 1}\n`);
    if (!isComment) startsLine = false;
    const rest = gap.replaceAll(/[\s\\]+/g, '');
    if (rest) out.push(`gap ${rest.length} ${rest}\n`);
    if (!isComment && to > from) out.push(`word ${to - from} ${source.slice(from, to)}\n`);
    end = Math.max(end, to);
  };
  const visit = (): void => {
    const isWhole = /^(Format)?String$/.test(cursor.name);
    const { from, to, name } = cursor;
    if (isWhole || !cursor.firstChild()) return add(from, to, name === 'Comment');
    do visit();
    while (cursor.nextSibling());
    cursor.parent();
  };
  visit();
  return out.join('');
}
