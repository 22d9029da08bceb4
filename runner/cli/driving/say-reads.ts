import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isTable } from '../../../cache/canonical-json.ts';
import type { Digest } from '../../../cache/digest.ts';
import { readRegular } from '../../../cache/regular-file.ts';
import { readsOf } from '../../job/reads-hook.ts';
import type { RunState } from '../../log/state.ts';
import type { Session } from '../../project/session.ts';

/** How many files of a node are told by name. */
const namedAtMost = 8;

/** What jobs read below the project, or where they started, and nothing declares: in words, for each node with what to add. */
export async function undeclaredReads(
  { root, storeRoot, store }: Session,
  hookFolder: string,
  { nodes }: RunState,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { label, job, fingerprint } of nodes.values()) {
    if (job === undefined) continue;
    const notes = readNotes(readsOf(hookFolder, join(dirname(hookFolder), job)));
    const record = fingerprint === undefined ? undefined : await store.records.get(fingerprint as Digest);
    const observed = isTable(record?.recipe.observed) ? Object.keys(record.recipe.observed) : [];
    const declared = new Set([...Object.keys(record?.recipe.files ?? {}), ...observed]);
    const roots = [root, ...notes.starts].filter((folder) => !isInside(storeRoot, folder) || folder === root);
    const found = notes.read.flatMap((path) => nameBelow(path, { roots, storeRoot, declared }));
    const names = [...new Set(found)].sort();
    if (names.length === 0) continue;
    const more = names.length > namedAtMost ? ` and ${names.length - namedAtMost} more` : '';
    lines.push(`${label} read what no input and no code declares: ${names.slice(0, namedAtMost).join(', ')}${more}`);
    lines.push(
      `  add to its \`code\`: ${names
        .slice(0, namedAtMost)
        .map((name) => `'${name}'`)
        .join(', ')}`,
    );
  }
  return lines;
}

interface Notes {
  readonly starts: readonly string[];
  /** Nothing that was written as well. */
  readonly read: readonly string[];
}

function readNotes(path: string): Notes {
  if (!existsSync(path)) return { starts: [], read: [] };
  const lines = [...new Set(readRegular(path).split('\n'))];
  const of = (kind: string): string[] => lines.filter((line) => line.startsWith(kind)).map((line) => line.slice(2));
  const written = new Set(of('W '));
  return { starts: of('C '), read: of('R ').filter((one) => !written.has(one)) };
}

interface Around {
  readonly roots: readonly string[];
  readonly storeRoot: string;
  readonly declared: ReadonlySet<string>;
}

/** The name of an undeclared file of the project; nothing for other files. */
function nameBelow(path: string, { roots, storeRoot, declared }: Around): string[] {
  const source = sourceOf(path);
  if (!existsSync(source) || !statSync(source).isFile()) return [];
  const real = realpathSync(source);
  if (isInside(storeRoot, real) || /\/(site-packages|dist-packages|node_modules|\.git)\//.test(real)) return [];
  if (basename(real) === 'pyvenv.cfg') return [];
  const names = roots.filter((folder) => isInside(folder, real)).map((folder) => relative(realpathSync(folder), real));
  return names.length === 0 || names.some((name) => declared.has(name)) ? [] : names.slice(0, 1);
}

/** Python may read only what it made of a source before. */
function sourceOf(path: string): string {
  const [, folder, name] = /^(.*)\/__pycache__\/([^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc$/.exec(path) ?? [];
  return folder === undefined ? path : join(folder, `${name}.py`);
}

function isInside(folder: string, path: string): boolean {
  return path.startsWith(`${existsSync(folder) ? realpathSync(folder) : folder}/`);
}
