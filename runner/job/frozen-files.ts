import { createHash, randomBytes } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../../cache/canonical-json.ts';
import { listedChange, listedFault, listOf } from '../../cache/code/listed-files.ts';
import { digestFileSync } from '../../cache/digest.ts';
import { Problem } from '../../cache/problem.ts';
import { ownPath } from '../../cache/store-border.ts';
import { writeWhole } from '../../cache/write-whole.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { filesOf, pathsAmong, startOf } from '../keys/code-files.ts';

/**
 * A folder in which a program finds its declared code as it was hashed, whatever becomes of the project meanwhile: copies of
 * the declared files, and links to everything else that lies in the project. Undefined when a task declares none, or says
 * itself where it starts, or finds its code by absolute places. A copy whose files are not as they were copied is made again. Throws `input-changed` when the files are
 * no longer those that were hashed.
 */
export async function freezeFiles(
  { spec, recipe }: KeyedCall,
  { root, codeFolder }: FreezePlace,
): Promise<string | undefined> {
  const frozen = frozenFolder({ spec, recipe }, { root, codeFolder });
  if (frozen === undefined || listedFault(frozen) === undefined) return frozen;
  if (await staysInPlace({ spec, recipe }, root)) return undefined;
  const paths = pathsAmong(recipe.files ?? {});

  const aside = `${frozen}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    copyDeclared(
      root,
      aside,
      paths.map((path) => path.split('/')),
    );
    const now = await filesOf(spec, root, recipe.command);
    const changed = paths.filter((path) => now[path] !== recipe.files?.[path]);
    if (changed.length > 0) {
      throw new Problem('input-changed', `${changed.join(', ')} changed since the plan was made.`, {
        hint: 'Run the pipeline again.',
      });
    }
    putIntoPlace(aside, frozen, paths);
    return frozen;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Whether it finds some of its code by an absolute place, so that it would not run what was copied. */
export async function staysInPlace(
  { spec, recipe }: Pick<KeyedCall, 'spec' | 'recipe'>,
  root: string,
): Promise<boolean> {
  const start = startOf(spec, root, recipe.command);
  const answers = spec.code.map(async (one) => typeof one !== 'string' && (await one.staysInPlace?.(root, start)));
  return (await Promise.all(answers)).includes(true);
}

/** A program that writes to its own code changes that of others too: which file is not as it was frozen, in words. */
export function frozenChange(call: Pick<KeyedCall, 'spec' | 'recipe'>, place: FreezePlace): string | undefined {
  const frozen = frozenFolder(call, place);
  return frozen && listedChange(frozen);
}

/** Undefined for a task whose code runs where it lies. */
function frozenFolder(
  { spec, recipe }: Pick<KeyedCall, 'spec' | 'recipe'>,
  { root, codeFolder }: FreezePlace,
): string | undefined {
  const files = recipe.files ?? {};
  const paths = pathsAmong(files);
  if (paths.length === 0 || spec.cwd || spec.run || paths.some((path) => path.startsWith('../'))) return undefined;
  const name = createHash('sha256').update(canonicalJson({ root, files })).digest('hex').slice(0, 32);
  return ownPath(codeFolder, `files-${name}`);
}

export interface FreezePlace {
  readonly root: string;
  readonly codeFolder: string;
}

/** `declared` are paths below `from`, in segments. */
function copyDeclared(from: string, to: string, declared: readonly (readonly string[])[]): void {
  mkdirSync(to, { recursive: true });
  const below = new Map<string, (readonly string[])[]>();
  for (const [first = '', ...rest] of declared) below.set(first, [...(below.get(first) ?? []), rest]);
  for (const name of readdirSync(from).sort()) {
    const inside = below.get(name);
    const [source, target] = [join(from, name), join(to, name)];
    // What Python compiled of one text would be taken for another that has its size and time.
    if (name === '__pycache__') continue;
    if (!inside) symlinkSync(source, target);
    else if (inside.some((rest) => rest.length === 0)) copyFileSync(source, target, constants.COPYFILE_FICLONE);
    else copyDeclared(source, target, inside);
  }
}

/** A copy that is damaged is put right file by file: a program may be running there, and its own files stay. */
function putIntoPlace(from: string, to: string, paths: readonly string[]): void {
  const digests = Object.fromEntries(paths.map((path) => [path, digestFileSync(join(from, path))]));
  // Not the files: whatever is in the place of one is replaced.
  for (const path of paths) ownPath(to, dirname(path));
  try {
    if (existsSync(to)) for (const path of paths) putFile(join(from, path), join(to, path));
    else renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // else another driver was faster with the same files
  }
  writeWhole(listOf(to), JSON.stringify(digests));
}

function putFile(from: string, to: string): void {
  rmSync(`${to}.tmp`, { force: true });
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.tmp`, constants.COPYFILE_FICLONE);
  if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory()) rmSync(to, { recursive: true });
  renameSync(`${to}.tmp`, to);
}
