import { parser } from '@lezer/python';

type Cursor = ReturnType<ReturnType<typeof parser.parse>['cursor']>;

/** What a Python file says, without what only people read. */
export interface PythonMeaning {
  /** Equal texts mean equal programs. Comments, docstrings, blank lines and layout are not in it. */
  text: string;
  imports: PythonImport[];
  /** Lines whose import depends on a value: `import_module(name)`. */
  dynamic: { line: number; code: string }[];
  /** The grammar does not know some syntax here, so indentation width and line breaks are in the text. */
  isPartlyParsed: boolean;
}

export interface PythonImport {
  /** Leading dots: 0 is absolute, 1 the file's own package. */
  level: number;
  /** Dotted; empty in `from . import x`. */
  module: string;
  /** From `from … import`; each may be a module of its own. `*` for a star. */
  names: string[];
}

export function pythonMeaning(source: string): PythonMeaning {
  const tree = parser.parse(source);
  const writer = new Writer(source);
  writer.node(tree.cursor(), '', true);
  const { imports, dynamic, hasErrors } = writer;
  const text = hasErrors ? layoutText(source, tree.cursor()) : writer.out.join('');
  return { text, imports, dynamic, isPartlyParsed: hasErrors };
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

/** The grammar wants more here than Python does: a bare `yield`, and `3.` without a digit. Nothing is lost in these. */
const incomplete = new Set(['YieldStatement', 'YieldExpression', 'MemberExpression']);

/** Writes the syntax tree as nested text; nesting keeps what indentation and precedence mean. */
class Writer {
  readonly out: string[] = [];
  readonly imports: PythonImport[] = [];
  readonly dynamic: PythonMeaning['dynamic'] = [];
  hasErrors = false;
  private readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  node(cursor: Cursor, parent: string, isFirst: boolean): void {
    const { name } = cursor;
    if (name === 'Comment') return;
    if (cursor.type.isError && !(cursor.from === cursor.to && incomplete.has(parent))) this.hasErrors = true;
    if (name === 'String' || name === 'FormatString') return this.leaf(name, plainString(this.textOf(cursor)));
    if (name === 'ImportStatement') this.imports.push(...importsIn(this.wordsOf(cursor)));
    if (name === 'CallExpression') this.noteDynamicImport(cursor);

    const isLayout =
      name === 'StatementGroup' || (name === 'ParenthesizedExpression' && holders.has(parent) && !isFirst);
    const mayHaveDocstring = name === 'Script' || (name === 'Body' && /^(Function|Class)Definition$/.test(parent));
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

  private noteDynamicImport(cursor: Cursor): void {
    const text = this.textOf(cursor);
    const call =
      /^(?:importlib\s*\.\s*)?(?:import_module|__import__|spec_from_file_location|run_path|run_module)\s*\(/.exec(
        text.replace(/^(?:importlib\s*\.\s*util|runpy)\s*\.\s*/, ''),
      );
    if (!call) return;
    const literal = /import\w*\s*\(\s*(['"])([A-Za-z_][\w.]*)\1\s*,?\s*\)$/.exec(text);
    if (literal?.[2]) this.imports.push({ level: 0, module: literal[2], names: [] });
    else
      this.dynamic.push({
        line: this.source.slice(0, cursor.from).split('\n').length,
        code: text.split('\n')[0] ?? '',
      });
  }

  private wordsOf(cursor: Cursor): string[] {
    const { node } = cursor;
    const words: string[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) {
      if (child.name !== 'Comment') words.push(this.source.slice(child.from, child.to));
    }
    return words;
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

/** `words` are the tokens of one import statement. */
function importsIn(words: readonly string[]): PythonImport[] {
  if (words[0] !== 'from') return listed(words.slice(1)).map((module) => ({ level: 0, module, names: [] }));
  const at = words.indexOf('import');
  const origin = words.slice(1, at).join('');
  const module = origin.replace(/^\.+/, '');
  const names = listed(words.slice(at + 1).filter((word) => word !== '(' && word !== ')'));
  return [{ level: origin.length - module.length, module, names }];
}

/** `a . b as c , d` to `a.b` and `d`. */
function listed(words: readonly string[]): string[] {
  const names: string[] = [];
  let name = '';
  let skipping = false;
  for (const word of [...words, ',']) {
    if (word === ',') {
      if (name) names.push(name);
      name = '';
      skipping = false;
    } else if (word === 'as') skipping = true;
    else if (!skipping) name += word;
  }
  return names;
}

/** All words with their line's indentation: what remains sure when the grammar met syntax that it does not know. */
function layoutText(source: string, cursor: Cursor): string {
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
