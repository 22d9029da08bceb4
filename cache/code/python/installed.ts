import { join, resolve } from 'node:path';
import { isTable } from '../../canonical-json.ts';
import { entriesOf, isFile, isFolder, textAt } from './files.ts';

/** Where packages that were installed to be edited have their sources. */
export interface Editable {
  /** Folders on the search path. */
  readonly folders: readonly string[];
  /** Top names, and the folder or file that each is. */
  readonly modules: ReadonlyMap<string, string>;
}

/** What `.pth` files of a folder with installed packages add to the search path. */
export function editablesIn(site: readonly string[]): Editable {
  const folders: string[] = [];
  const modules = new Map<string, string>();
  for (const place of site) {
    for (const { name } of entriesOf(place).filter((entry) => entry.name.endsWith('.pth'))) {
      for (const line of (textAt(join(place, name)) ?? '').split(/\r?\n/)) {
        const finder = /^import\s+(__editable__\w+)/.exec(line)?.[1];
        if (finder !== undefined)
          for (const [top, path] of mappingIn(join(place, `${finder}.py`))) modules.set(top, path);
        else if (line.trim() !== '' && !/^(#|import[ \t])/.test(line)) folders.push(resolve(place, line.trim()));
      }
    }
  }
  return { folders: folders.filter(isFolder), modules };
}

/** Of the finder that setuptools writes: `MAPPING: dict[str, str] = {'pkg': '/src/pkg'}`. */
function mappingIn(finder: string): [string, string][] {
  const table = /^MAPPING\b[^=]*=\s*\{([^}]*)\}/m.exec(textAt(finder) ?? '')?.[1] ?? '';
  return [...table.matchAll(/'([^']+)'\s*:\s*'([^']+)'/g)].map(([, top = '', path = '']) => [top, path]);
}

/**
 * Versions of the installed packages that give a top name, as `numpy 1.26.4`; of those from a repository with the commit. `undefined` when
 * there is none; empty when there are files and nothing says of which version.
 */
export function versionsOf(top: string, site: readonly string[]): string[] | undefined {
  const found = new Set<string>();
  let isThere = false;
  for (const place of site) {
    const names = entriesOf(place).map(({ name }) => name);
    if (
      !names.some(
        (name) => name === top || name === `${top}.py` || (name.startsWith(`${top}.`) && /\.(so|pyd)$/.test(name)),
      )
    )
      continue;
    isThere = true;
    const infos = names.filter((name) => name.endsWith('.dist-info') || name.endsWith('.egg-info'));
    const called = infos.filter((info) => plain(info.split('-')[0] ?? '') === plain(top));
    const isShared = isFolder(join(place, top)) && !isFile(join(place, top, '__init__.py'));
    const owners = called.length > 0 && !isShared ? called : infos.filter((info) => isOwner(join(place, info), top));
    for (const owner of owners) found.add(versionIn(place, owner));
    if (owners.length > 0 && !isShared) break;
  }
  return isThere ? [...found].sort() : undefined;
}

function isOwner(info: string, top: string): boolean {
  const listed = textAt(join(info, 'top_level.txt'));
  if (listed?.split(/\s+/).includes(top)) return true;
  const record = textAt(join(info, 'RECORD')) ?? '';
  return new RegExp(`^${top.replaceAll(/\W/g, '')}(/|\\.py,|\\.[^/,]*\\.(so|pyd),)`, 'm').test(record);
}

function versionIn(place: string, info: string): string {
  const [name = '', version = '?'] = info.replace(/\.(dist|egg)-info$/, '').split('-');
  const origin = textAt(join(place, info, 'direct_url.json'));
  const commit = origin === undefined ? '' : commitIn(origin);
  return `${name} ${version}${commit}`;
}

function commitIn(origin: string): string {
  try {
    const said: unknown = JSON.parse(origin);
    const vcs = isTable(said) ? said.vcs_info : undefined;
    return isTable(vcs) && typeof vcs.commit_id === 'string' ? ` at ${vcs.commit_id}` : '';
  } catch {
    return ''; // a broken note says nothing
  }
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}
