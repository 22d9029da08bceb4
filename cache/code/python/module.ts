import { boundBy, type Effect, effectOf, type EffectScope, nameOf } from './effects.ts';
import { type Facts, factsOf } from './facts.ts';
import { type Bound, importsIn, type PythonImport } from './imports.ts';
import { builtinNames } from './known-names.ts';
import { hasErrors, layoutText, meaningOf } from './meaning.ts';
import type { PathScope } from './path-value.ts';
import { decodeSource, readBytes } from './source.ts';
import { childrenOf, literalOf, type Node, parsePython, statementsOf, textOf } from './tree.ts';

/** What a name of a module stands for. */
export interface Binding {
  readonly chunk: number;
  /** It came by this import. */
  readonly imported?: { readonly from: PythonImport; readonly bound: Bound } | undefined;
}

/** A statement at the top level of a module. */
export interface Chunk {
  /** As people call it: a function, a class, a name; undefined for what belongs to the module as such. */
  readonly name: string | undefined;
  readonly statement: Node;
  readonly effect: Effect;
  readonly facts: Facts;
  readonly isImport: boolean;
  /** Runs only where the module is the program. */
  readonly isOfProgram: boolean;
}

export interface PythonModule {
  readonly path: string;
  readonly text: string;
  readonly bytes: Buffer;
  readonly coding: string;
  readonly chunks: readonly Chunk[];
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
  /** Imports of everything, with the chunk in which they stand. */
  readonly stars: readonly { readonly from: PythonImport; readonly chunk: number }[];
  /** The grammar does not know some syntax here. */
  readonly isPartlyParsed: boolean;
  /** What `__all__` says; `open` where that cannot be read. */
  readonly all: readonly string[] | 'open' | undefined;
  /** `a.b` as a full name, where an import or Python itself says what `a` is. */
  readonly fullName: (chain: readonly string[]) => string | undefined;
}

const known = new Map<string, PythonModule>();

/** A module as it is now. One that has not changed since it was read last is not parsed again. */
export function readModule(path: string): PythonModule {
  const bytes = readBytes(path);
  const before = known.get(path);
  if (before?.bytes.equals(bytes)) return before;
  const module = parseModule(path, bytes);
  known.set(path, module);
  return module;
}

function parseModule(path: string, bytes: Buffer): PythonModule {
  const { text, coding } = decodeSource(bytes);
  const tree = parsePython(text);
  const statements = statementsOf(tree.topNode).filter((one) => !isForTypes(one, text));
  const scope: PathScope = { source: text, file: path, constants: constantsOf(statements, text) };
  const isPartlyParsed = hasErrors(tree);
  const read = statements.map((statement) => factsOf(statement, scope));
  const facts = isPartlyParsed ? withImportsOfLines(read, text) : read;
  const bindings = bindingsOf(statements, facts, text);
  const stars = facts.flatMap(({ imports }, chunk) => {
    return imports.filter(isStar).map((from) => ({ from, chunk }));
  });
  const fullName = nameFinder(bindings, stars.length > 0);
  const effects = effectsOf(statements, { source: text, fullName, bindings, starFrom: stars[0]?.chunk });
  const chunks = statements.map((statement, i) => ({
    name: boundBy(statement, text)[0],
    statement,
    effect: effects[i] ?? 'any',
    facts: facts[i] as Facts,
    isImport: statement.name === 'ImportStatement',
    isOfProgram: isProgramOnly(statement, text),
  }));
  return {
    path,
    text,
    bytes,
    coding,
    chunks,
    bindings,
    stars,
    isPartlyParsed,
    all: allOf(statements, text),
    fullName,
  };
}

const isStar = ({ bound }: PythonImport): boolean => bound.some(({ name }) => name === '*');

/** Where the grammar lost its way, imports are looked for line by line. */
function withImportsOfLines([first, ...others]: readonly Facts[], source: string): Facts[] {
  if (!first) return [];
  const lines = source.split('\n').flatMap((line) => {
    const words = /^\s*((?:from\s+[\w.]+\s+)?import\s+[\w., *]*)/.exec(line)?.[1];
    return words === undefined ? [] : statementsOf(parsePython(words).topNode).flatMap((one) => importsIn(words, one));
  });
  const modules = lines.filter(({ level }) => level === 0).map(({ module }) => module);
  return [{ ...first, imports: [...first.imports, ...lines], named: [...first.named, ...modules] }, ...others];
}

function constantsOf(statements: readonly Node[], source: string): Map<string, Node> {
  const found = new Map<string, Node | undefined>();
  for (const statement of statements) {
    const [target, sign, value, more] = childrenOf(statement).filter(({ name }) => name !== 'TypeDef');
    const isSimple = statement.name === 'AssignStatement' && sign?.name === 'AssignOp' && value && !more;
    for (const name of boundBy(statement, source))
      found.set(name, isSimple && target?.name === 'VariableName' && !found.has(name) ? value : undefined);
  }
  return new Map([...found].filter((entry): entry is [string, Node] => entry[1] !== undefined));
}

function bindingsOf(
  statements: readonly Node[],
  facts: readonly Facts[],
  source: string,
): Map<string, readonly Binding[]> {
  const found = new Map<string, Binding[]>();
  const add = (name: string, binding: Binding): void => void found.set(name, [...(found.get(name) ?? []), binding]);
  for (const [chunk, statement] of statements.entries()) {
    for (const name of boundBy(statement, source)) add(name, { chunk });
    for (const from of facts[chunk]?.imports ?? [])
      for (const bound of from.bound) if (bound.name !== '*') add(bound.as, { chunk, imported: { from, bound } });
  }
  return found;
}

function nameFinder(
  bindings: ReadonlyMap<string, readonly Binding[]>,
  hasStars: boolean,
): (chain: readonly string[]) => string | undefined {
  return ([head = '', ...rest]) => {
    const [binding, ...others] = bindings.get(head) ?? [];
    if (!binding) return builtinNames.has(head) && !hasStars ? ['builtins', head, ...rest].join('.') : undefined;
    const { imported } = binding;
    if (!imported || imported.from.level > 0 || others.some((other) => !isSameImport(binding, other))) return undefined;
    const { module } = imported.from;
    const { name, isTop } = imported.bound;
    const of = name !== undefined ? `${module}.${name}` : isTop ? head : module;
    return [of, ...rest].join('.');
  };
}

function isSameImport({ imported: one }: Binding, { imported: other }: Binding): boolean {
  return one !== undefined && one.from.module === other?.from.module && one.bound.name === other.bound.name;
}

function effectsOf(
  statements: readonly Node[],
  {
    bindings,
    starFrom = Number.POSITIVE_INFINITY,
    ...scope
  }: Pick<EffectScope, 'source' | 'fullName'> & {
    bindings: ReadonlyMap<string, readonly Binding[]>;
    starFrom: number | undefined;
  },
): Effect[] {
  const { source } = scope;
  const typesAreText = statements.some((one) =>
    /^from\s+__future__\s+import\b[^\n]*\bannotations\b/.test(textOf(source, one)),
  );
  // What a compound statement binds is not worked out: every name in it may be there afterwards.
  const inCompounds = new Set<string>();
  return statements.map((statement, index) => {
    const isBound = (name: string): boolean =>
      builtinNames.has(name) ||
      inCompounds.has(name) ||
      starFrom < index ||
      (bindings.get(name)?.some(({ chunk }) => chunk < index) ?? false);
    const effect =
      statement.name === 'ImportStatement' ? 'none' : effectOf(statement, { ...scope, isBound, typesAreText });
    if (effect === 'any') for (const name of namesIn(statement, source)) inCompounds.add(name);
    return effect;
  });
}

function namesIn(node: Node, source: string): string[] {
  return node.name === 'VariableName'
    ? [textOf(source, node)]
    : childrenOf(node).flatMap((one) => namesIn(one, source));
}

function isProgramOnly(statement: Node, source: string): boolean {
  return conditionOf(statement, source, /^__name__\s*==\s*(['"])__main__\1$/);
}

/** Such a block is for readers of types, and never runs. */
function isForTypes(statement: Node, source: string): boolean {
  const isOwn = /^\s*TYPE_CHECKING\s*(:[^=\n]*)?=(?!=)/m.test(source);
  return !isOwn && conditionOf(statement, source, /^(?:typing\.|t\.)?TYPE_CHECKING$/);
}

/** Whether a statement is an `if` with nothing but this condition. */
function conditionOf(statement: Node, source: string, condition: RegExp): boolean {
  if (statement.name !== 'IfStatement') return false;
  const [, test, , ...others] = childrenOf(statement);
  return others.length === 0 && test !== undefined && condition.test(textOf(source, test));
}

function allOf(statements: readonly Node[], source: string): PythonModule['all'] {
  const about = statements.filter((one) => /^__all__\b/.test(textOf(source, one)));
  if (about.length === 0) return undefined;
  const names: string[] = [];
  for (const statement of about) {
    const value = childrenOf(statement).at(-1);
    if (!value || !/^(ArrayExpression|TupleExpression)$/.test(value.name)) return 'open';
    for (const item of childrenOf(value).filter(({ name }) => !/^[[\](),]$/.test(name))) {
      const text = literalOf(source, item);
      if (text === undefined) return 'open';
      names.push(text);
    }
  }
  return names;
}

/** A piece of a module that people know by a name. */
export interface Part {
  /** `f:load` for a function, `f:Net.forward` for a method, `c:Net` for a class, `v:RATE` for a name, `m:` for the rest. */
  readonly label: string;
  readonly text: string;
}

/** What a statement says, in parts; `docs`: with docstrings. */
export function partsOf({ text: source }: PythonModule, { statement }: Chunk, docs: boolean): Part[] {
  const name = nameOf(statement, source);
  const definition = statement.name === 'DecoratedStatement' ? childrenOf(statement).at(-1) : statement;
  if (name === undefined || !definition) {
    const [bound] = boundBy(statement, source);
    return [{ label: bound === undefined ? 'm:' : `v:${bound}`, text: meaningOf(source, statement, { docs }) }];
  }
  if (definition.name !== 'ClassDefinition')
    return [{ label: `f:${name}`, text: meaningOf(source, statement, { docs }) }];
  const body = childrenOf(definition).find((child) => child.name === 'Body');
  const methods = (body ? statementsOf(body) : []).flatMap((one) => {
    const method = nameOf(one, source);
    return method === undefined || isClass(one) ? [] : [{ one, label: `f:${name}.${method}` }];
  });
  const leaveOut = new Set(methods.map(({ one }) => one.from));
  return [
    { label: `c:${name}`, text: meaningOf(source, statement, { docs, leaveOut }) },
    ...methods.map(({ one, label }) => ({ label, text: meaningOf(source, one, { docs }) })),
  ];
}

function isClass(statement: Node): boolean {
  return statement.name === 'ClassDefinition' || childrenOf(statement).at(-1)?.name === 'ClassDefinition';
}

/** All that a module says, where its parts cannot be told. */
export function wholeLayout({ text }: PythonModule): string {
  return layoutText(text, parsePython(text).topNode);
}
