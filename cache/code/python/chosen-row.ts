import { type Facts, factsOf } from './facts.ts';
import { meaningOf } from './meaning.ts';
import type { Chunk, PythonModule } from './module.ts';
import { argumentsOf, childrenOf, literalOf, type Node } from './tree.ts';

/** A list at the top of a module, of which a program takes one row by its name. */
export interface ChosenRow {
  /** The end of the module's path. */
  readonly module: string;
  /** What the list is called. */
  readonly list: string;
  /** The argument by which rows are named. */
  readonly key: string;
  readonly row: string;
}

/** What of the list counts: the row, and those whose names cannot be read. Undefined where the module has no such list. */
export function chooseRow(
  module: PythonModule,
  { name, statement }: Chunk,
  rows: readonly ChosenRow[],
): { text: string; facts: readonly Facts[] } | undefined {
  const chosen = rows.find((one) => one.list === name && module.path.endsWith(`/${one.module}`));
  const list = chosen && childrenOf(statement).at(-1);
  if (!chosen || statement.name !== 'AssignStatement' || list?.name !== 'ArrayExpression') return undefined;
  const items = childrenOf(list).filter(({ name: kind }) => !/^[[\],*]$/.test(kind));
  const kept = items.filter((item) => (rowName(module.text, item, chosen.key) ?? chosen.row) === chosen.row);
  if (kept.length === 0) return undefined;
  const scope = { source: module.text, file: module.path, constants: new Map<string, Node>() };
  return {
    text: kept.map((item) => meaningOf(module.text, item)).join(''),
    facts: kept.map((item) => factsOf(item, scope)),
  };
}

function rowName(source: string, item: Node, key: string): string | undefined {
  const value = item.name === 'CallExpression' ? argumentsOf(source, item).named.get(key) : undefined;
  return value && literalOf(source, value);
}
