import { dirname, join, relative, resolve, sep } from 'node:path';
import { Problem } from '../problem.ts';
import type { ChosenRow } from './python/chosen-row.ts';
import { digestOfModule } from './python/digest-module.ts';
import { isFile } from './python/files.ts';
import { type Editable, editablesIn, versionsOf } from './python/installed.ts';
import { type Launch, readLaunch, type Started, unknownStart } from './python/launch.ts';
import { type Found, reach } from './python/reach.ts';
import { projectFolders } from './python/search.ts';
import { scriptBlock, shebangOf } from './python/source.ts';

export type { Launch } from './python/launch.ts';
export type { ChosenRow } from './python/chosen-row.ts';

/** Something of a program that reading does not follow: an edit there is not noticed. */
export interface Gap {
  /** What, with file and line where there are such. */
  readonly what: string;
  readonly advice: string;
  /** The file or folder that would have to count; relative to the root. */
  readonly path?: string;
  /** A lock file makes it known too. */
  readonly isOfPackages?: true;
}

export interface PythonClosure {
  /** By path relative to the root, with `/`, and versions of packages as `pip:name`; sorted. */
  readonly digests: Readonly<Record<string, string>>;
  readonly gaps: readonly Gap[];
  /** Some of it is found by an absolute place, so that a copy of the project would not be what runs. */
  readonly isBound: boolean;
}

export interface PythonOptions {
  /** How it is started; without it nothing is known of packages and of where modules are searched besides. */
  readonly launch?: Launch | undefined;
  /** Lists of which the program takes one row. */
  readonly rows?: readonly ChosenRow[];
}

/** Digests, by meaning, of what a Python program uses of its file and of all that it imports from the sources. */
export async function pythonDigests(
  root: string,
  entry: string,
  options: PythonOptions = {},
): Promise<Readonly<Record<string, string>>> {
  return pythonClosure(root, entry, options).digests;
}

/** Search paths that lead to others; more rounds than this would be a program that makes them up. */
const mostRounds = 20;

/** The same with what could not be followed. Throws `no-code-files` without the entry. */
export function pythonClosure(root: string, entry: string, { launch, rows = [] }: PythonOptions = {}): PythonClosure {
  const top = resolve(root);
  const start = resolve(top, entry);
  if (!isFile(start)) {
    throw new Problem('no-code-files', `There is no ${entry} in ${root}.`, {
      hint: 'The path in python(…) is relative to the folder of the project.',
    });
  }
  const started = launch ? readLaunch(launch) : unknownStart;
  const editable = editablesIn(started.site ?? []);
  const found = follow({ start, top, rows, editable, started, folder: launch?.folder ?? top });
  const nameOf = (path: string): string => relative(top, path).split(sep).join('/');
  const digests = [...found.modules].map(([path, one]): [string, string] => {
    return [nameOf(path), digestOfModule(one, { extra: path === start ? headOf(one.module.text, started) : '', rows })];
  });
  const packages = packagesOf(found, started);
  const all = [...digests, ...packages.versions.map(([name, version]): [string, string] => [`pip:${name}`, version])];
  const places = [...editable.folders, ...editable.modules.values()];
  return {
    digests: Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))),
    gaps: [...gapsOf(found, nameOf), ...packages.gaps.map((gap) => ({ ...gap, isOfPackages: true as const }))],
    isBound:
      found.isBound ||
      started.isBound ||
      [...found.modules.keys()].some((path) => places.some((place) => path.startsWith(place))),
  };
}

interface Following {
  readonly start: string;
  readonly top: string;
  readonly rows: readonly ChosenRow[];
  readonly editable: Editable;
  readonly started: Started;
  readonly folder: string;
}

/** What the program puts on its search path may lead to modules that put more on it. */
function follow({ start, top, rows, editable, started, folder }: Following): Found {
  const first = [...(started.isModule ? packagesAround(start) : []), ...sitesIn(started.searched)];
  const known = [...started.searched, folder, ...projectFolders(start, top), ...editable.folders];
  let folders = [...new Set(known)];
  for (let round = 0; ; round += 1) {
    const path = { folders, modules: editable.modules };
    const found = reach({ entry: start, path, folder, root: top, rows, first });
    const next = [...new Set([...folders, ...found.searched])];
    if (next.length === folders.length || round === mostRounds) return found;
    folders = next;
  }
}

/** They run before a module that is started by its name. */
function packagesAround(script: string): string[] {
  const found: string[] = [];
  for (let folder = dirname(script); isFile(join(folder, '__init__.py')); folder = dirname(folder))
    found.unshift(join(folder, '__init__.py'));
  return found;
}

/** What every Python runs first that finds it. */
function sitesIn(folders: readonly string[]): string[] {
  const names = ['sitecustomize.py', 'usercustomize.py'];
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).filter(isFile);
}

/** What programs that start it read of its comments. */
function headOf(text: string, { isDirect }: Started): string {
  return `${scriptBlock(text)}\n${isDirect ? shebangOf(text) : ''}`;
}

/** How many packages are told by name. */
const namedAtMost = 5;

function packagesOf(found: Found, { site, why }: Started): { versions: [string, string][]; gaps: Gap[] } {
  const all = [...found.packages].sort(([a], [b]) => (a < b ? -1 : 1));
  if (all.length === 0) return { versions: [], gaps: [] };
  const advice = 'add a lock file to `code`, or start it with the interpreter of its environment';
  if (site === undefined) {
    const needed = all.filter(([, { isTried }]) => !isTried).map(([name]) => name);
    const told = [...needed.slice(0, namedAtMost), ...(needed.length > namedAtMost ? ['others'] : [])].join(', ');
    return { versions: [], gaps: needed.length > 0 ? [{ what: `the versions of ${told}: ${why}`, advice }] : [] };
  }
  const versions: [string, string][] = [];
  const gaps: Gap[] = [];
  for (const [name, { isTried }] of all) {
    const there = versionsOf(name, site);
    versions.push([name, there === undefined ? 'absent' : there.join(', ') || 'unknown']);
    if (there === undefined && !isTried)
      gaps.push({ what: `${name} is not installed in ${site.join(' or ')}`, advice });
    if (there?.length === 0) gaps.push({ what: `the version of ${name} is written nowhere`, advice });
  }
  return { versions, gaps };
}

/** Files of these sorts are read by programs, and seldom written. */
const readSorts = /\.(ya?ml|json|toml|ini|cfg|txt|csv|tsv|xml|j2|jinja2?|urdf|xacro|mjcf|gin|sh)$/;

function gapsOf({ loose, mentioned }: Found, nameOf: (path: string) => string): Gap[] {
  const lines: Gap[] = [
    ...loose.map(({ file, line, code, advice }) => ({ what: `${nameOf(file)}:${line}: ${code}`, advice })),
    ...mentioned
      .filter(({ path }) => readSorts.test(path) || !/\.\w+$/.test(path))
      .map(({ path, file, line }) => {
        const name = nameOf(path);
        const pattern = isFile(path) ? name : `${name}/**`;
        return {
          what: `${nameOf(file)}:${line}: it names ${name}`,
          advice: `add '${pattern}' to \`code\``,
          path: name,
        };
      }),
  ];
  return [...new Map(lines.map((gap) => [gap.what, gap])).values()].sort((a, b) => (a.what < b.what ? -1 : 1));
}
