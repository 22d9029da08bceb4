import { createHash, randomBytes } from 'node:crypto';
import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../cache/canonical-json.ts';
import { Problem } from '../../cache/problem.ts';
import type { KeyedCall } from '../keys/keyed-call.ts';
import { filesOf } from '../keys/recipes.ts';

/**
 * A folder in which a program finds its declared code as it was hashed, whatever becomes of the project meanwhile: copies of
 * the declared files, and links to everything else that lies in the project. Undefined when a task declares none, or says
 * itself where it starts. Throws `input-changed` when the files are no longer those that were hashed.
 */
export async function freezeFiles(
  { spec, recipe }: KeyedCall,
  { root, codeFolder }: FreezePlace,
): Promise<string | undefined> {
  const paths = Object.keys(recipe.files ?? {});
  if (paths.length === 0 || spec.cwd || spec.run || paths.some((path) => path.startsWith('../'))) return undefined;
  const name = createHash('sha256')
    .update(canonicalJson({ root, files: recipe.files ?? {} }))
    .digest('hex')
    .slice(0, 32);
  const frozen = join(codeFolder, `files-${name}`);
  if (existsSync(frozen)) return frozen;

  const aside = `${frozen}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    copyDeclared(
      root,
      aside,
      paths.map((path) => path.split('/')),
    );
    const now = await filesOf(spec, root);
    const changed = paths.filter((path) => now[path] !== recipe.files?.[path]);
    if (changed.length > 0) {
      throw new Problem('input-changed', `${changed.join(', ')} changed since the plan was made.`, {
        hint: 'Run the pipeline again.',
      });
    }
    moveIntoPlace(aside, frozen);
    return frozen;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

interface FreezePlace {
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
    if (!inside) symlinkSync(source, target);
    else if (inside.some((rest) => rest.length === 0)) copyFileSync(source, target, constants.COPYFILE_FICLONE);
    else copyDeclared(source, target, inside);
  }
}

function moveIntoPlace(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // else another driver was faster with the same files
  }
}
