import { digestBytes } from '../../digest.ts';
import { type ChosenRow, chooseRow } from './chosen-row.ts';
import type { PythonImport } from './imports.ts';
import { type Chunk, type Part, partsOf, wholeLayout } from './module.ts';
import type { ReachedModule } from './reach.ts';

/** Counts in every digest, so that another way of reading Python is another code. */
const version = 'python 2';

/** Hexadecimal digits that tell a part from its former self; what counts is the digest of the whole. */
const partDigits = 8;

interface DigestOptions {
  /** What counts of its comments. */
  readonly extra: string;
  readonly rows: readonly ChosenRow[];
}

/**
 * What a program uses of a module, as `sha256:… f:load=1f2e3d4c c:Net=…`: a digest of all of it, and then its parts by name,
 * from which `why` tells what changed.
 */
export function digestOfModule(one: ReachedModule, { extra, rows }: DigestOptions): string {
  const { module } = one;
  const parts = one.sources
    ? [{ label: 'm:', text: module.bytes.toString('latin1') }]
    : module.isPartlyParsed
      ? [{ label: 'm:', text: wholeLayout(module) }]
      : [...module.chunks.entries()].flatMap(([i, chunk]) =>
          isCounted(one, i, chunk) ? partsIn(one, i, chunk, rows) : [],
        );
  const whole = [version, module.coding, extra, ...parts.map(({ label, text }) => `${label}\n${text}`)].join('\n');
  return [digestBytes(whole), ...shortParts(parts, `${module.coding}\n${extra}`)].join(' ');
}

/** A docstring of a module does nothing, and counts where something reads it. */
function isCounted({ chunks, docs }: ReachedModule, index: number, { statement, effect }: Chunk): boolean {
  return chunks.has(index) || (docs && index === 0 && statement.name === 'ExpressionStatement' && effect === 'none');
}

function partsIn(one: ReachedModule, index: number, chunk: Chunk, rows: readonly ChosenRow[]): Part[] {
  const { module, docs } = one;
  if (chunk.isImport)
    return [{ label: 'm:', text: chunk.facts.imports.map((from) => importText(one, index, from)).join('') }];
  const row = chooseRow(module, chunk, rows);
  if (row) return [{ label: `v:${chunk.name}`, text: row.text }];
  return partsOf(module, chunk, docs);
}

/** Modules of the sources run as they are loaded, whatever is taken of them; a name counts once it is used. */
function importText({ names, outside, missing, isWhole }: ReachedModule, index: number, from: PythonImport): string {
  const isOutside = outside.has(from);
  const used = from.bound.filter(({ name, as }) => isOutside || isWhole || name === '*' || names.has(`${index} ${as}`));
  const list = used.map(({ name, as }) => `${name ?? ''} as ${as}`).join(', ');
  return `import ${'.'.repeat(from.level)}${from.module} ${list}${missing.has(from) ? ', which fails' : ''}\n`;
}

function shortParts(parts: readonly Part[], head: string): string[] {
  const texts = new Map<string, string>(head.trim() === '' ? [] : [['m:', head]]);
  for (const { label, text } of parts) texts.set(label, `${texts.get(label) ?? ''}${text}`);
  return [...texts].filter(([, text]) => text !== '').map(([label, text]) => `${label}=${short(text)}`);
}

function short(text: string): string {
  return digestBytes(text).slice('sha256:'.length, 'sha256:'.length + partDigits);
}
