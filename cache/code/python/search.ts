import { dirname, join, relative } from 'node:path';
import { entriesOf, isFile, isFolder, textAt } from './files.ts';

/** Where a dotted name leads. */
export interface ModulePlace {
  /** Its source, in each place where one is; more than one when a name is found in several. */
  readonly files: readonly string[];
  /** Its folders, in which its own modules lie. */
  readonly folders: readonly string[];
  /** What runs before it: the packages that it is in. */
  readonly parents: readonly string[];
}

export const nowhere: ModulePlace = { files: [], folders: [], parents: [] };

/** A dotted name below a folder. Without parts it is the package that the folder is. */
export function placeIn(base: string, parts: readonly string[]): ModulePlace {
  const folder = join(base, ...parts);
  const file = `${folder}.py`;
  const own = join(folder, '__init__.py');
  const files = isFile(own) ? [own] : parts.length > 0 && isFile(file) ? [file] : [];
  const hasFolder = isFolder(folder);
  if (files.length === 0 && !hasFolder) return nowhere;
  const above = parts.slice(0, -1).map((_, i) => join(base, ...parts.slice(0, i + 1), '__init__.py'));
  return { files, folders: hasFolder ? [folder] : [], parents: above.filter(isFile) };
}

export function together(places: readonly ModulePlace[]): ModulePlace {
  const all = (of: (place: ModulePlace) => readonly string[]): string[] => [...new Set(places.flatMap(of))];
  return { files: all((one) => one.files), folders: all((one) => one.folders), parents: all((one) => one.parents) };
}

/**
 * Folders in which the project of a script keeps its modules: from the script's folder up to `root` each that is a project, with what its
 * manifest names, its `src`, and the members of its workspace.
 */
export function projectFolders(script: string, root: string): string[] {
  const found = [dirname(script), root, join(root, 'src')];
  for (let folder = dirname(script); !relative(root, folder).startsWith('..'); folder = dirname(folder)) {
    const manifests = ['pyproject.toml', 'setup.cfg', 'setup.py'].map((name) => textAt(join(folder, name)) ?? '');
    if (manifests.some(Boolean)) found.push(...sourceFolders(folder, manifests.join('\n')));
    if (folder === root) break;
  }
  return [...new Set(found)].filter(isFolder);
}

function sourceFolders(project: string, manifest: string): string[] {
  const named = [
    ...listsNamed(manifest, /^\s*where\s*=\s*(.*)$/gm),
    ...listsNamed(manifest, /package[-_]dir\]?\s*(?:=\s*\{?)?\s*(?:['"]{2}\s*[:=]|=)?\s*(.*)$/gm),
    ...listsNamed(manifest, /\bfrom\s*=\s*(['"][^'"]*['"])/g),
    ...listsNamed(manifest, /^\s*packages\s*=\s*\[([^\]]*)\]/gm).map((path) => dirname(path)),
  ];
  const members = listsNamed(
    /^\s*\[tool\.uv\.workspace\]([^[]*members\s*=\s*\[[^\]]*\])/m.exec(manifest)?.[1] ?? '',
    /([^]*)/g,
  );
  const inner = members.flatMap((pattern) => membersOf(project, pattern));
  return [...[project, join(project, 'src')], ...named.map((path) => join(project, path)), ...inner];
}

function listsNamed(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, list = '']) => {
    const quoted = [...list.matchAll(/(['"])([^'"]*)\1/g)].map(([, , path = '']) => path);
    return quoted.length > 0 ? quoted : /^[\w./-]+$/.test(list.trim()) ? [list.trim()] : [];
  });
}

/** `packages/*` or `packages/client`. */
function membersOf(project: string, pattern: string): string[] {
  const folders = pattern.endsWith('/*')
    ? entriesOf(join(project, pattern.slice(0, -2))).map(({ name }) => join(project, pattern.slice(0, -2), name))
    : [join(project, pattern)];
  return folders.flatMap((folder) => [folder, join(folder, 'src')]).filter(isFolder);
}
